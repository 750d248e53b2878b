"""Asks a running pool whether it does what users of Cognito rely on. Prints one JSON object a
line: {"behaviour", "right", "instead"}, always in the same order."""

import argparse
import importlib
import inspect
import json
import sys
import time
import traceback

from botocore.exceptions import BotoCoreError, ClientError

from checks.check import CHECKS, Wrong
from worlds import PEERS

#: In the order of the table.
TOPICS = "codes passwords challenges tokens sessions hosted administration protocol".split()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--second-url", required=True, help="another installation of the same")
    parser.add_argument("--output", required=True, help="file of what the first one prints")
    parser.add_argument("--only", default="", help="behaviours whose text holds this")
    options = parser.parse_args()
    for topic in TOPICS:
        importlib.import_module(f"checks.{topic}")
    peer = PEERS[options.peer](options.url, options.second_url, options.output)
    asked = [(text, run) for text, run in CHECKS if options.only in text]
    answers = dict(ask(peer, asked))
    for text, _ in asked:
        instead = answers[text]
        right = instead is None
        print(json.dumps({"behaviour": text, "right": right, "instead": instead or ""}))


def ask(peer, asked):
    """Runs every check; one that yields is resumed so many seconds later, after all others."""
    waiting = []
    for text, run in asked:
        going = run if inspect.isgeneratorfunction(run) else once(run)
        step(text, going(peer), waiting, result := [])
        yield from result
    while waiting:
        waiting.sort(key=lambda entry: entry[0])
        due, text, going = waiting.pop(0)
        time.sleep(max(0.0, due - time.monotonic()))
        step(text, going, waiting, result := [])
        yield from result


def once(run):
    def going(peer):
        run(peer)
        return
        yield

    return going


def step(text, going, waiting, result):
    try:
        waiting.append((time.monotonic() + next(going), text, going))
    except StopIteration:
        result.append((text, None))
    except Wrong as wrong:
        result.append((text, str(wrong)))
    except ClientError as error:
        result.append((text, f"{error.operation_name}: {error.response['Error']['Code']}"))
    except BotoCoreError as error:
        result.append((text, type(error).__name__))
    except Exception as error:
        # A shape nobody expected, such as an answer that is no JSON.
        traceback.print_exc(file=sys.stderr)
        result.append((text, f"{type(error).__name__}: {error}"[:120]))


if __name__ == "__main__":
    main()
