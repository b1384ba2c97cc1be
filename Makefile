# Two commands do everything: `make run` and `make test`. The others are their parts.
.DEFAULT_GOAL := help
PY := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export TF_CPP_MIN_LOG_LEVEL := 3
export PYTHONPATH := $(CURDIR)
unexport PYTHONDONTWRITEBYTECODE # many processes start from the same files

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## set up, train if needed, start everything, print the addresses
	@$(PY) scripts/run.py

.PHONY: test
test: setup browser ## set up and run every check and every test
	@$(MAKE) --no-print-directory check
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not soak" --reruns 1 -rR --durations 15

.PHONY: setup
setup: ## install into .venv, train a model, make the demo hall; starts nothing
	@python3 scripts/setup.py

.PHONY: browser
browser: ## Chromium, a Chinese font and libfaketime, for the tests
	@python3 scripts/browser.py

.PHONY: check check-form check-types check-imports check-book
check: ## format, lint, types, import contracts, the book's lint
	@$(MAKE) --no-print-directory -j 2 --output-sync=target check-types check-form check-imports check-book

check-form:
	@$(PY) -m ruff format --check --quiet . && $(PY) -m ruff check --quiet .

check-types:
	@$(PY) -m mypy

check-imports:
	@found=$$(.venv/bin/lint-imports --no-cache) || { echo "$$found"; exit 1; }; echo "$$found" | tail -n 4

check-book:
	@$(PY) -m faq check

.PHONY: format
format: ## put the code into form
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

.PHONY: train
train: ## train a new model even if nothing changed
	@python3 scripts/setup.py --train

.PHONY: demo
demo: ## make the demo hall anew, with fresh staff passwords
	@$(PY) -m hrss demo --fresh

.PHONY: demo-log
demo-log: ## hold 200 conversations with the running bot, for the console to show
	@$(PY) scripts/demo_log.py

.PHONY: lock
lock: ## write requirements/*.txt anew from requirements/*.in
	@for set in run test; do .uv/bin/uv pip compile requirements/$$set.in -o requirements/$$set.txt --quiet --upgrade \
	  --python-version 3.10 --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"; done

.PHONY: bench
bench: setup ## measure, and print the table with ratios
	@$(PY) -m benchmarks

.PHONY: day
day: setup ## a day as in life at 20 times its speed, 72 minutes: DAY="--from 9 --to 10" for its fullest hour
	@$(PY) -m benchmarks.day --result benchmarks/day.md $(DAY)

.PHONY: wechat-demo
wechat-demo: setup ## play a citizen's day in WeChat against the running bot, and print it
	@$(PY) -m tests.wechat.demo

.PHONY: fuzz
fuzz: setup ## fuzz every parser and the web channel for long: FUZZ_EXAMPLES=2000 of each property, FUZZ_SECONDS=600 guided
	@FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),2000) $(PY) -m pytest tests/fuzz
	@$(PY) -m tests.fuzz.guided --seconds $(or $(FUZZ_SECONDS),600)

.PHONY: soak
soak: setup browser ## the long drills: services away for 30 s, processes replaced while people talk; staff after 200 conversations
	@FAULT_SECONDS=$(or $(FAULT_SECONDS),30) $(PY) -m pytest -n 0 tests/faults tests/console/test_day_of_200.py

.PHONY: scale
scale: setup ## 1, 2 and 4 bots behind nginx, of which some are killed and others added: SCALE="--bots 4 --people 50"
	@$(PY) -m tests.faults.scale $(SCALE)

.PHONY: clean
clean: ## remove what was installed, trained and stored here
	rm -rf .venv .uv models var .rasa
