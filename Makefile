# Every command is a verb of gis_core/local_stack. `make` alone lists them.
#   make run PORT=8001        make test ARGS='-k billing'        make doctor ARGS=--json

SHELL := /bin/sh
VERBS := setup run test prove bench check openapi sbom doctor up device down restore clean
export PORT

# What the verbs need before anything else is Python 3.11 that can make virtual environments. A bare
# Debian 12 has none: PYTHON finds it, INSTALL gets it. Verbs that only look or delete install nothing.
define PYTHON
python=; for name in python3.11 python3 /usr/bin/python3; do \
	if "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; \
	then python=$$name; break; fi; done
endef

define INSTALL
if [ -z "$$python" ] && [ -z '$(filter doctor down restore clean,$@)' ]; then \
	echo '  Debian packages: installing python3 and python3-venv'; \
	root=; if [ "$$(id -u)" != 0 ]; then root=sudo; command -v sudo > /dev/null || { \
		echo 'FAILED: Python 3.11 is missing, and this user is not root and has no sudo' >&2; \
		echo '  what to do: let root run: apt-get install python3 python3-venv' >&2; exit 1; }; fi; \
	mkdir -p .local/log; log=.local/log/python-bootstrap.log; \
	{ $$root apt-get update; $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
		--no-install-recommends python3 python3-venv; } < /dev/null > "$$log" 2>&1 || { \
		tail -n 15 "$$log" >&2; echo "FAILED: Python 3.11 could not be installed; log: $$log" >&2; exit 1; }; \
fi
endef

.PHONY: help $(VERBS)
help:
	@$(PYTHON); "$${python:-python3}" gis_core/local_stack help

# exec: the signals that make receives reach the program itself.
$(VERBS):
	@$(PYTHON); $(INSTALL); [ -n "$$python" ] || { $(PYTHON); }; \
	[ -n "$$python" ] || { echo 'FAILED: Python 3.11 is missing; make setup installs it' >&2; exit 1; }; \
	exec "$$python" gis_core/local_stack $@ $(ARGS)
