"""Drives every operation of the pools at POOL_URL and ALIAS_POOL_URL with unmodified boto3, a topic
a time, and prints the record of what came back as JSON."""

import importlib
import json
import sys
import time

import pool
import record

TOPICS = """
account attributes sessions sign_in second_factors devices passkeys custom users groups describe
inputs bearers limits unsupported faults
""".split()

for topic in sys.argv[1:] or TOPICS:
    started = time.process_time(), time.time()
    for url in (pool.URL, pool.ALIAS_URL):
        pool.local("reset", {}, url)
    importlib.import_module(topic).run()
    print(f"{topic}: {time.process_time() - started[0]:.1f} s CPU, {time.time() - started[1]:.1f} s", file=sys.stderr)
json.dump(record.written(), sys.stdout, indent=2)
