.PHONY: build
build:
	flock /tmp/obit-build.lock .venv/bin/pip install -q --no-build-isolation -e .
