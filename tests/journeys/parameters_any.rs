//! Whatever the form can express is taken by the engine that it was made for, or refused by Paddock before the engine is
//! started: values come from the form's own description, at random, several at a time, and the tiny model is loaded with them.
//! `PADDOCK_TEST_SEED` repeats a run; `cargo xtask soak form` makes a long one.

use std::process::Command;

use load_params::{EngineFlags, FieldKind, FieldSchema, Limits};
use rustix::process::Signal;
use serde_json::{Map, Value, json};
use test_support::home::TINY;
use test_support::random::Random;
use test_support::{Home, environment, models, soak_rounds};

/// Files that values name.
struct Files {
    adapter: String,
    projector: String,
    draft: String,
    template: String,
}

impl Files {
    fn new(home: &Home) -> Self {
        let path = |name: &str| home.file(name);
        models::adapter(&path("adapter.gguf"));
        models::projector(&path("projector.gguf"));
        models::write(&path("t.jinja"), b"{{ messages[0].content }}");
        let text = |name: &str| path(name).display().to_string();
        Self {
            adapter: text("adapter.gguf"),
            projector: text("projector.gguf"),
            draft: text("tiny.gguf"),
            template: text("t.jinja"),
        }
    }

    /// A value that the form lets a user give to this field.
    fn value(&self, field: &FieldSchema, random: &mut Random) -> Value {
        let choices: Vec<&str> = field.choices.iter().map(String::as_str).collect();
        let one = |random: &mut Random, of: Vec<Value>| {
            let at = random.below(of.len() as u64);
            of[usize::try_from(at).unwrap()].clone()
        };
        match field.kind {
            FieldKind::Integer if !choices.is_empty() && random.below(3) == 0 => {
                json!(random.choose(&choices))
            }
            FieldKind::Integer => {
                // No machine has the memory for the largest of some; what is too much is another test's.
                let bound = match field.name.as_str() {
                    "parallel" => 8,
                    "seed" => i64::from(u32::MAX),
                    _ => field.recommended_max.unwrap_or(4_096),
                };
                let (min, max) = (field.min.unwrap(), field.max.unwrap().min(bound));
                let span = u64::try_from(max - min + 1).unwrap();
                json!(min + i64::try_from(random.below(span)).unwrap())
            }
            FieldKind::Boolean => match random.choose(&choices) {
                "auto" => json!("auto"),
                word => json!(word == "true"),
            },
            FieldKind::Choice => {
                // A GPU is needed for it, and this is no test of machines.
                let mut choices = choices;
                choices.retain(|choice| field.name != "splitMode" || *choice != "tensor");
                json!(random.choose(&choices))
            }
            FieldKind::Number if field.name == "ropeFreqBase" => {
                one(random, vec![json!(0), json!(10_000), json!(500_000.5)])
            }
            FieldKind::Number => one(random, vec![json!(0), json!(0.25), json!(1)]),
            FieldKind::File if field.name == "mmproj" => one(
                random,
                vec![json!("auto"), json!("none"), json!(self.projector)],
            ),
            FieldKind::File => one(random, vec![json!(TINY), json!(self.draft)]),
            FieldKind::Text => {
                let own = "{% for m in messages %}{{ m.content }}\n{% endfor %}";
                one(
                    random,
                    vec![
                        json!("chatml"),
                        json!("llama3"),
                        json!(self.template),
                        json!(own),
                    ],
                )
            }
            FieldKind::List => match field.name.as_str() {
                "device" => json!(["none"]),
                "rpc" => json!(["127.0.0.1:1"]),
                "lora" => one(
                    random,
                    vec![
                        json!([self.adapter]),
                        json!([format!("{}:0.5", self.adapter)]),
                    ],
                ),
                _ => json!(["ffn_.*=CPU", "blk\\.1\\.attn.*=CPU"]),
            },
            FieldKind::Numbers => one(random, vec![json!([1]), json!([3, 1.5])]),
            FieldKind::Variables => json!({"GGML_TEST_ANY": "a b, \"c\""}),
        }
    }
}

/// The form's fields for this engine and model.
fn fields() -> Vec<FieldSchema> {
    let help = Command::new(environment::engine())
        .arg("--help")
        .output()
        .unwrap();
    let flags = EngineFlags::parse(&String::from_utf8_lossy(&help.stdout));
    let limits = Limits {
        training_context: Some(gguf::tiny::CONTEXT_LENGTH),
        block_count: Some(2),
        cores: Some(2),
    };
    let mut fields = load_params::schema_within(&flags, &limits);
    fields.retain(|field| field.supported);
    assert!(fields.len() > 35, "b10068 has nearly all");
    fields
}

async fn load_with_anything(cases: u32) {
    let mut random = Random::from_environment(7);
    let home = Home::with_tiny().await;
    let files = Files::new(&home);
    let host = home.serve().await;
    let fields = fields();
    let mut taken = 0;
    for case in 0..cases {
        let mut wish = Map::new();
        for _ in 0..3 + random.below(7) {
            let at = usize::try_from(random.below(fields.len() as u64)).unwrap();
            let value = files.value(&fields[at], &mut random);
            wish.insert(fields[at].name.clone(), value);
        }
        let wish = Value::Object(wish);
        let answer = host.try_load(TINY, wish.clone()).await;
        let error = &answer.json()["error"];
        match answer.status {
            200 => taken += 1,
            // Said before anything is started, in a sentence and with what to try.
            400 => {
                assert!(
                    error["message"]
                        .as_str()
                        .is_some_and(|text| text.len() > 20),
                    "{error}"
                );
                assert!(
                    error["hint"]
                        .as_str()
                        .is_some_and(|text| text.ends_with('.')),
                    "{error}"
                );
            }
            status => panic!("case {case}: {wish}: {status} {}", answer.text),
        }
    }
    eprintln!("{taken} of {cases} were taken, the others refused by Paddock");
    assert!(
        taken * 2 >= cases,
        "{taken} of {cases}: most combinations are no conflicts"
    );
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_form_can_express_is_taken_or_refused_in_words() {
    load_with_anything(12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes; `cargo xtask soak form`"]
async fn soak_form_whatever_it_can_express_is_taken_or_refused_in_words() {
    load_with_anything(soak_rounds(400)).await;
}
