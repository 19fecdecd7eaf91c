// The official `openai` package for Node, told step by step what to do: a JSON document a line on stdin, its answer a
// line on stdout. What is asked and what is right is in `tests/journeys/clients.rs`.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , base, folder] = process.argv;
// The package is where the tests' cache is, not beside this file.
const found = createRequire(`${folder}/package.json`).resolve("openai");
const { default: OpenAI } = await import(pathToFileURL(found).href);

const clients = new Map();
const streams = [];

function clientFor({ key = "any" }) {
  if (!clients.has(key)) {
    clients.set(key, new OpenAI({ baseURL: `${base}/v1`, apiKey: key, maxRetries: 0 }));
  }
  return clients.get(key);
}

function parsed(tool) {
  return { name: tool.name, arguments: JSON.parse(tool.arguments) };
}

const steps = {
  async models(client) {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids };
  },
  async model(client, step) {
    return { id: (await client.models.retrieve(step.id)).id };
  },
  async chat(client, step) {
    const answer = await client.chat.completions.create(step.with);
    const [choice] = answer.choices;
    return {
      text: choice.message.content,
      finish: choice.finish_reason,
      model: answer.model,
      tokens: answer.usage.completion_tokens,
      tools: (choice.message.tool_calls ?? []).map((call) => parsed(call.function)),
    };
  },
  async stream(client, step) {
    const pieces = [];
    const tools = [];
    let finish = null;
    let tokens = null;
    for await (const chunk of await client.chat.completions.create({ ...step.with, stream: true })) {
      tokens = chunk.usage?.completion_tokens ?? tokens;
      for (const choice of chunk.choices) {
        if (choice.delta.content) pieces.push(choice.delta.content);
        for (const call of choice.delta.tool_calls ?? []) {
          tools[call.index] ??= { name: "", arguments: "" };
          tools[call.index].name += call.function.name ?? "";
          tools[call.index].arguments += call.function.arguments ?? "";
        }
        finish = choice.finish_reason ?? finish;
      }
    }
    return { text: pieces.join(""), pieces: pieces.length, finish, tokens, tools: tools.map(parsed) };
  },
  async complete(client, step) {
    const answer = await client.completions.create(step.with);
    return { text: answer.choices[0].text, finish: answer.choices[0].finish_reason };
  },
  async "stream-completion"(client, step) {
    let text = "";
    for await (const chunk of await client.completions.create({ ...step.with, stream: true })) {
      text += chunk.choices[0].text;
    }
    return { text };
  },
  async embed(client, step) {
    const answer = await client.embeddings.create(step.with);
    return { vectors: answer.data.map((entry) => entry.embedding), model: answer.model };
  },
  async open(client, step) {
    const stream = await client.chat.completions.create({ ...step.with, stream: true });
    const chunks = stream[Symbol.asyncIterator]();
    for (let count = 0; count < 3; count += 1) await chunks.next();
    streams.push(stream);
    return {};
  },
  async close() {
    streams.pop().controller.abort();
    return {};
  },
};

async function take(step) {
  try {
    return await steps[step.do](clientFor(step), step);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    const { status = null, code = null, type = null, message } = error;
    return { raised: error.constructor.name, status, code, type, message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await take(JSON.parse(line)))}\n`);
}
