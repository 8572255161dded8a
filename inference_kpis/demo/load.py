"""People who ask: each waits for an answer before thinking of the next question, and all think less at busy times."""

import http.client
import json
import math
import random
import threading
import time

from inference_kpis.demo.model import LONGEST_OUTPUT

QUESTIONS = ("what is near me", "where is my parcel", "is the line open", "how late is the train", "read this sign")
# A busy spell and a calm one follow each other within this time.
SWING_SECONDS = 180
BUSY_THINKING, CALM_THINKING = 1.0, 5.0
# One request in so many asks for more than the model can give.
ONE_FAILS_IN = 60


def thinking_seconds(now: float, choice: random.Random) -> float:
    """How long somebody thinks at this moment, between busy and calm, and never quite alike."""
    calm = 0.5 + 0.5 * math.sin(2 * math.pi * now / SWING_SECONDS)
    return (BUSY_THINKING + (CALM_THINKING - BUSY_THINKING) * calm) * choice.expovariate(1.0)


def ask_forever(port: int, thinking: float, choice: random.Random) -> None:
    """One person. Waits out a server that does not answer."""
    while True:
        time.sleep(thinking * thinking_seconds(time.time(), choice))
        try:
            ask(port, choice.choice(QUESTIONS), tokens_wanted(choice))
        except (OSError, http.client.HTTPException):
            time.sleep(1)


def tokens_wanted(choice: random.Random) -> int:
    return LONGEST_OUTPUT + 1 if choice.randrange(ONE_FAILS_IN) == 0 else choice.randint(8, 20)


def ask(port: int, prompt: str, tokens: int) -> int:
    """One question over HTTP; the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = json.dumps({"prompt": prompt, "max_tokens": tokens})
        connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def start(port: int, clients: int, thinking: float) -> None:
    """Start the people as threads that end with the process."""
    for number in range(clients):
        person = threading.Thread(target=ask_forever, args=(port, thinking, random.Random(number)), daemon=True)
        person.start()
