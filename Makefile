# SPDX-License-Identifier: GPL-2.0-only
# The module itself is described in Kbuild, which the kernel's build prefers to this file.

KDIR ?= /lib/modules/$(shell uname -r)/build

all: module nat64ctl

module: $(KDIR)/Makefile
	$(MAKE) -C kmod KDIR=$(abspath $(KDIR))

$(KDIR)/Makefile:
	@echo "No kernel headers in $(KDIR): install them (on Debian linux-headers-$$(uname -r))," >&2
	@echo "or name those of another kernel: make KDIR=/lib/modules/RELEASE/build" >&2
	@exit 1

nat64ctl:
	$(MAKE) -C ctl

install: nat64ctl
	ctl/install-module install
	$(MAKE) -C ctl install

uninstall:
	ctl/install-module uninstall
	$(MAKE) -C ctl uninstall

deb:
	@debian/build build/deb/this

check:
	@tests/lib/need python3
	@tests/check $(ARGS)

check-fresh:
	@tests/fresh

check-debug:
	@tests/lib/need python3
	@tests/check --debug $(ARGS)

check-kcsan:
	@tests/lib/need python3
	@tests/check --kcsan $(ARGS)

check-rt:
	@tests/lib/need python3
	@tests/check --rt $(ARGS)

check-matrix:
	@tests/lib/need python3
	@tests/check --matrix $(ARGS)

check-arch:
	@tests/lib/need python3
	@tests/check --machines $(ARGS)

check-native:
	@tests/lib/need python3
	@tests/check --native

coverage:
	@tests/lib/need python3
	@tests/coverage/run $(ARGS)

soak:
	@tests/lib/need python3
	@tests/soak/run $(ARGS)

bench:
	@tests/lib/need python3
	@tests/bench/run $(if $(QUICK),--quick) $(ARGS)

bench-check:
	@tests/lib/need python3
	@tests/bench/run --check $(if $(QUICK),--quick) $(ARGS)

bench-table:
	@tests/lib/need python3
	@tests/bench/table $(ARGS)

demo:
	@demo/run

demo-cluster:
	@demo/run cluster

demo-edge:
	@demo/run edge

clean:
	$(MAKE) -C ctl clean
	if [ -e $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	rm -rf build

help:
	@echo "make                builds nat64.ko and nat64ctl; KDIR=... names another kernel's build directory"
	@echo "make install        module (through DKMS where it is), tool, manual, service, configuration"
	@echo "make uninstall      undoes that"
	@echo "make deb            builds the Debian packages nat64-dkms and nat64-tools, in build/deb/this"
	@echo "make check          runs all tests: static checks, KUnit, real kernels under emulation;"
	@echo "                    ARGS=--help tells how to run some of them"
	@echo "make check-fresh    runs make demo and make check, of what is committed, in a Debian 12 made for it"
	@echo "make check-matrix   the same with the kernels of other Debian releases, from 5.10 to the newest,"
	@echo "                    and the packages there; ARGS=\"--kernels bullseye\" for one of them"
	@echo "make check-debug    runs tests longer, on kernels that find faults: KASAN, lockdep, kmemleak"
	@echo "make check-kcsan    runs changes under traffic on a kernel that finds data races"
	@echo "make check-rt       runs the network tests on kernels with PREEMPT_RT"
	@echo "make check-arch     the stage arch of make check, longer: arm64, s390x; and a tool of 32 bits"
	@echo "make check-native   runs the network tests on the running kernel, as root"
	@echo "make coverage       counts, with gcov, which lines and branches of the module the tests reach"
	@echo "make soak           an hour of traffic and changes in one virtual machine: nothing grows, nothing is lost"
	@echo "make bench          counts the instructions that packets cost; QUICK=1 only the main ones, on 6.1"
	@echo "make bench-check    fails if they are more than 1% above tests/bench/baseline.json"
	@echo "make bench-table    counts what tables of up to a million mappings cost"
	@echo "make demo           shows a gateway at work, in a virtual machine"
	@echo "make demo-cluster   shows several gateways that come and go, the same way"
	@echo "make demo-edge      shows programs and hosts that know only IPv4 in an IPv6-only network"
	@echo "make clean          removes what was built"

.PHONY: all module nat64ctl install uninstall deb check check-fresh check-debug check-kcsan check-rt check-matrix check-arch check-native coverage soak bench bench-check \
	bench-table demo demo-cluster demo-edge clean help
