"""The official `openai` package, told step by step what to do: a JSON document a line on stdin, its answer a line on
stdout. What is asked and what is right is in `tests/journeys/clients.rs`."""

import json
import sys

import openai

clients = {}
streams = []


def client_for(step):
    key = step.get("key", "any")
    if key not in clients:
        clients[key] = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key=key, max_retries=0)
    return clients[key]


def chat(client, step):
    answer = client.chat.completions.create(**step["with"])
    choice = answer.choices[0]
    calls = choice.message.tool_calls or []
    return {
        "text": choice.message.content,
        "finish": choice.finish_reason,
        "model": answer.model,
        "tokens": answer.usage.completion_tokens,
        "tools": [{"name": call.function.name, "arguments": json.loads(call.function.arguments)} for call in calls],
    }


def stream(client, step):
    pieces, finish, usage, tools = [], None, None, {}
    for chunk in client.chat.completions.create(stream=True, **step["with"]):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            if choice.delta.content:
                pieces.append(choice.delta.content)
            for call in choice.delta.tool_calls or []:
                tool = tools.setdefault(call.index, {"name": "", "arguments": ""})
                tool["name"] += call.function.name or ""
                tool["arguments"] += call.function.arguments or ""
            finish = choice.finish_reason or finish
    return {
        "text": "".join(pieces),
        "pieces": len(pieces),
        "finish": finish,
        "tokens": usage.completion_tokens if usage else None,
        "tools": [{**tool, "arguments": json.loads(tool["arguments"])} for _, tool in sorted(tools.items())],
    }


def complete(client, step):
    answer = client.completions.create(**step["with"])
    return {"text": answer.choices[0].text, "finish": answer.choices[0].finish_reason}


def stream_completion(client, step):
    return {"text": "".join(chunk.choices[0].text for chunk in client.completions.create(stream=True, **step["with"]))}


def embed(client, step):
    answer = client.embeddings.create(**step["with"])
    return {"vectors": [entry.embedding for entry in answer.data], "model": answer.model}


def open_stream(client, step):
    streams.append(client.chat.completions.create(stream=True, **step["with"]))
    for _ in range(3):
        next(streams[-1])
    return {}


def close_stream(_client, _step):
    streams.pop().close()
    return {}


STEPS = {
    "models": lambda client, _: {"ids": [model.id for model in client.models.list()]},
    "model": lambda client, step: {"id": client.models.retrieve(step["id"]).id},
    "chat": chat,
    "stream": stream,
    "complete": complete,
    "stream-completion": stream_completion,
    "embed": embed,
    "open": open_stream,
    "close": close_stream,
}

for line in sys.stdin:
    step = json.loads(line)
    try:
        said = STEPS[step["do"]](client_for(step), step)
    except openai.APIStatusError as error:
        said = {"raised": type(error).__name__, "status": error.status_code, "code": error.code, "type": error.type}
    except openai.APIError as error:
        said = {"raised": type(error).__name__, "code": error.code, "message": error.message}
    print(json.dumps(said), flush=True)
