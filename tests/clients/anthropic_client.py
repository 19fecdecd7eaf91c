"""The official `anthropic` package, told step by step what to do: a JSON document a line on stdin, its answer a line on
stdout. What is asked and what is right is in `tests/journeys/clients.rs`."""

import json
import sys

import anthropic

clients = {}
streams = []


def client_for(step):
    key = step.get("key", "any")
    if key not in clients:
        clients[key] = anthropic.Anthropic(base_url=sys.argv[1], api_key=key, max_retries=0)
    return clients[key]


def told(message):
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "finish": message.stop_reason,
        "model": message.model,
        "tokens": message.usage.output_tokens,
        "tools": [
            {"name": block.name, "arguments": block.input} for block in message.content if block.type == "tool_use"
        ],
    }


def stream(client, step):
    with client.messages.stream(**step["with"]) as events:
        pieces = list(events.text_stream)
        return {**told(events.get_final_message()), "text": "".join(pieces), "pieces": len(pieces)}


def open_stream(client, step):
    streams.append(client.messages.create(stream=True, **step["with"]))
    for _ in range(3):
        next(streams[-1])
    return {}


def close_stream(_client, _step):
    streams.pop().close()
    return {}


STEPS = {
    "chat": lambda client, step: told(client.messages.create(**step["with"])),
    "stream": stream,
    "count": lambda client, step: {"tokens": client.messages.count_tokens(**step["with"]).input_tokens},
    "open": open_stream,
    "close": close_stream,
}

for line in sys.stdin:
    step = json.loads(line)
    try:
        said = STEPS[step["do"]](client_for(step), step)
    except anthropic.APIStatusError as error:
        said = {"raised": type(error).__name__, "status": error.status_code, "body": error.body}
    except anthropic.APIError as error:
        said = {"raised": type(error).__name__, "message": error.message}
    print(json.dumps(said), flush=True)
