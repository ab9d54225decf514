# The root Makefile includes this: `make bench WORKLOAD=h2 ROUNDS=6 SECONDS_EACH=4 PROXIES=pintle,nginx LOG=off QUICK=1 WRITE=1`.
.PHONY: bench
bench:
	python3 bench/run.py $(if $(WORKLOAD),--workload $(WORKLOAD)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(SECONDS_EACH),--seconds $(SECONDS_EACH)) $(if $(PROXIES),--proxies $(PROXIES)) \
	  $(if $(LOG),--log $(LOG)) $(if $(QUICK),--quick) $(if $(WRITE),--write)
