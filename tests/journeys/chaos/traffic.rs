//! Clients: patient ones, ones that hang up in the middle, politely or not, and ones that talk nonsense.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::random::Random;
use test_support::wire::{self, WireAnswer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{TWIN, World, error_code};

const MOST_CLIENTS: u64 = 6;

/// Some clients at once.
pub(crate) async fn clients(world: &World, random: &mut Random) {
    let count = 1 + random.below(MOST_CLIENTS);
    let seeds: Vec<u64> = (0..count).map(|_| random.number()).collect();
    let visits = seeds
        .into_iter()
        .map(|seed| visit(world, Random::seeded(seed)));
    futures_util::future::join_all(visits).await;
}

async fn visit(world: &World, mut random: Random) {
    super::kills::pause(&mut random, 500).await;
    let model = some_model(world, &mut random).await;
    // The real one takes a second for a token on a busy machine.
    let most_tokens = if model == GEMMA { 4 } else { 60 };
    let (tokens, stream) = (1 + random.below(most_tokens), random.below(2) == 0);
    let request = chat(&model, tokens, stream);
    let port = world.host().gateway().port();
    match random.below(10) {
        0..5 => whole(world, &request).await,
        5 => hang_up(port, &request, &mut random, false).await,
        6 => hang_up(port, &request, &mut random, true).await,
        7 => {
            let half = &request[..request.len() - 20];
            hang_up(port, half, &mut random, false).await;
        }
        8 => whole(world, &chat("no/such-model", 1, stream)).await,
        _ => {
            whole(
                world,
                &wire::post("/v1/chat/completions", &[], "{\"model\": "),
            )
            .await
        }
    }
}

/// Mostly the tiny one, now and then the real one or one that was downloaded.
async fn some_model(world: &World, random: &mut Random) -> String {
    match random.below(20) {
        0 => GEMMA.to_owned(),
        1..6 => TWIN.to_owned(),
        6..9 => {
            let listed = world.ask("/api/v1/models").await.unwrap_or_default();
            let models = listed["models"].as_array().cloned().unwrap_or_default();
            let keys: Vec<&str> = models
                .iter()
                .filter_map(|model| model["key"].as_str())
                .filter(|key| key.starts_with("tiny/"))
                .collect();
            let any = (!keys.is_empty()).then(|| random.choose(&keys));
            any.unwrap_or(TINY).to_owned()
        }
        _ => TINY.to_owned(),
    }
}

fn chat(model: &str, max_tokens: u64, stream: bool) -> Vec<u8> {
    let body = json!({
        "model": model,
        "messages": [{"role": "user", "content": "Go on."}],
        "max_tokens": max_tokens,
        "ignore_eos": true,
        "stream": stream,
    });
    wire::post("/v1/chat/completions", &[], &body.to_string())
}

/// Asks and waits for the whole answer, which is right, or an error with a code.
async fn whole(world: &World, request: &[u8]) {
    match wire::exchange(world.host().gateway().port(), request).await {
        Ok(answer) => match judge(&answer) {
            Ok(said) => world.count(&format!("client: {said}")),
            Err(said) => world.fail(&format!("a client got {said}")),
        },
        Err(_) if world.is_down() => world.count("client: the host is gone"),
        Err(error) => world.fail(&format!("a client got no answer: {error}")),
    }
}

/// What an answer is, or why a client could not make sense of it.
fn judge(answer: &WireAnswer) -> Result<String, String> {
    let text = answer.text();
    if answer.status != 200 {
        return match error_code(&text) {
            Some(code) => Ok(code),
            None if !answer.is_whole => Ok("broke off".to_owned()),
            None => Err(format!("{} {text:?}", answer.status)),
        };
    }
    if answer.header("content-type") == Some("text/event-stream") {
        let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
        return match last.strip_prefix("data: ") {
            Some("[DONE]") => Ok("a whole stream".to_owned()),
            Some(data) if error_code(data).is_some() => {
                Ok("a stream that ends in an error".to_owned())
            }
            // The host was killed.
            _ if !answer.is_whole => Ok("broke off".to_owned()),
            _ => Err(format!("a stream that just ends: {text:?}")),
        };
    }
    if !answer.is_whole {
        return Ok("broke off".to_owned());
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(document) if document["choices"][0].is_object() => Ok("a whole document".to_owned()),
        _ => Err(format!("{text:?}")),
    }
}

/// Sends this, reads a little of the answer, and is gone: with a good-bye, or as if the cable had been cut.
async fn hang_up(port: u16, request: &[u8], random: &mut Random, abruptly: bool) {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let _ = stream.write_all(request).await;
    let patience = Duration::from_millis(random.below(400));
    let mut some = [0; 512];
    let _ = tokio::time::timeout(patience, stream.read(&mut some)).await;
    if abruptly {
        let _ = stream.set_zero_linger();
    }
}

/// Follows what the host tells for a while, as a window does, and is gone.
pub(crate) async fn follow(world: &World, random: &mut Random) {
    let paths = [
        "/api/v1/events",
        "/api/v1/logs?follow=true",
        "/metrics",
        "/health",
    ];
    let (path, api) = match random.below(4) {
        0 => (paths[0], world.host().control()),
        1 => (paths[1], world.host().control()),
        2 => (paths[2], world.host().gateway()),
        _ => (paths[3], world.host().gateway()),
    };
    let asking = api.try_get(path);
    let _ = tokio::time::timeout(Duration::from_millis(random.below(800)), asking).await;
}
