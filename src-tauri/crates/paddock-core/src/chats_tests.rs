use super::*;
use crate::chat_markdown::chat_markdown;
use crate::core::open_for_test;

fn message(role: ChatRole, content: &str) -> ChatMessage {
    ChatMessage {
        id: content.chars().take(4).collect(),
        role,
        content: content.to_owned(),
        reasoning: None,
        images: Vec::new(),
        model: None,
        facts: AnswerFacts::default(),
        ending: Ending::Complete,
        error: None,
    }
}

fn chat(id: &str, title: &str, content: &str) -> Chat {
    Chat {
        id: id.to_owned(),
        title: title.to_owned(),
        model: Some("local/tiny".to_owned()),
        updated_at: 0,
        settings: ChatSettings::default(),
        messages: vec![message(ChatRole::User, content)],
    }
}

#[tokio::test]
async fn a_chat_is_kept_listed_renamed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let core = open_for_test(folder.path());
    assert_eq!(core.chats(None).await.unwrap(), []);

    let mut first = chat("c-1", "  A\n title ", "Hello");
    first.messages[0].images = vec!["data:image/png;base64,AA==".to_owned()];
    let head = core.save_chat(first.clone()).await.unwrap();
    assert_eq!(head.title, "A title");
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    core.save_chat(chat("c-2", "Other", "World")).await.unwrap();
    let ids = |heads: Vec<ChatHead>| heads.into_iter().map(|head| head.id).collect::<Vec<_>>();
    assert_eq!(ids(core.chats(None).await.unwrap()), ["c-2", "c-1"]);

    let again = core.chat("c-1").await.unwrap();
    assert_eq!(again.messages, first.messages);
    core.rename_chat("c-1", "Renamed").await.unwrap();
    let heads = core.chats(None).await.unwrap();
    assert_eq!(heads[1].title, "Renamed", "and in its place");

    core.delete_chat("c-2").await.unwrap();
    core.delete_chat("c-2").await.unwrap();
    assert_eq!(ids(core.chats(None).await.unwrap()), ["c-1"]);
    let gone = core.chat("c-2").await.unwrap_err();
    assert_eq!(gone.code(), "chat_not_found");
}

#[tokio::test]
async fn titles_and_messages_are_searched_whatever_their_case() {
    let folder = tempfile::tempdir().unwrap();
    let core = open_for_test(folder.path());
    let long = format!(
        "{} The Quick ÄGYPTEN Fox {}",
        "a ".repeat(80),
        "b ".repeat(80)
    );
    core.save_chat(chat("one", "Animals", &long)).await.unwrap();
    core.save_chat(chat("two", "Ägypten in a title", "Nothing"))
        .await
        .unwrap();
    core.save_chat(chat("three", "Else", "İstanbul"))
        .await
        .unwrap();
    let mut found = core.chats(Some(" ägypten ")).await.unwrap();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(found.len(), 2);
    let snippet = found[0].found.as_deref().unwrap();
    assert!(
        snippet.starts_with('…') && snippet.ends_with('…') && snippet.contains("Quick ÄGYPTEN Fox"),
        "{snippet}"
    );
    assert_eq!(found[1].found, None);
    // Lower case is longer than upper case here.
    let found = core.chats(Some("stanbul")).await.unwrap();
    assert_eq!(found[0].found.as_deref(), Some("İstanbul"));
    assert_eq!(core.chats(Some("giraffe")).await.unwrap(), []);
}

/// A broken file is neither lost nor in the way of others.
#[tokio::test]
async fn a_broken_file_is_listed_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let core = open_for_test(folder.path());
    core.save_chat(chat("good", "Good", "Hello")).await.unwrap();
    let path = core.chats_folder().join("bad.json");
    std::fs::write(&path, b"{\"id\":\"bad\",").unwrap();
    std::fs::write(core.chats_folder().join("notes.txt"), b"mine").unwrap();
    let heads = core.chats(None).await.unwrap();
    assert_eq!(heads.len(), 2, "{heads:#?}");
    let bad = heads.iter().find(|head| head.id == "bad").unwrap();
    assert_eq!(bad.title, "bad.json");
    assert!(bad.problem.as_deref().unwrap().contains("cannot be read"));
    assert_eq!(
        core.chat("bad").await.unwrap_err().code(),
        "chat_unreadable"
    );
    assert_eq!(
        core.rename_chat("bad", "x").await.unwrap_err().code(),
        "chat_unreadable"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"{\"id\":\"bad\",");
    // Mended by hand, it is a chat again.
    std::fs::write(
        &path,
        br#"{"id":"other","title":"T","model":null,"messages":[]}"#,
    )
    .unwrap();
    let heads = core.chats(None).await.unwrap();
    let mended = heads.iter().find(|head| head.id == "bad").unwrap();
    assert_eq!((mended.title.as_str(), &mended.problem), ("T", &None));
    core.delete_chat("bad").await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn no_id_reaches_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let core = open_for_test(folder.path());
    let long = "x".repeat(65);
    for id in [
        "",
        "../settings",
        "a/b",
        "a\\b",
        ".",
        "..",
        "a.b",
        "ä",
        long.as_str(),
    ] {
        assert_eq!(
            core.chat(id).await.unwrap_err().code(),
            "chat_not_found",
            "{id:?}"
        );
        assert!(core.delete_chat(id).await.is_err(), "{id:?}");
        assert!(core.save_chat(chat(id, "T", "x")).await.is_err(), "{id:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let core = open_for_test(folder.path());
    core.save_chat(chat("one", "T", "small")).await.unwrap();
    let mut large = chat("one", "T", "x");
    large.messages[0].images = vec!["x".repeat(64_000_001)];
    let refused = core.save_chat(large).await.unwrap_err();
    assert_eq!(refused.code(), "chat_too_large");
    assert_eq!(core.chat("one").await.unwrap().messages[0].content, "small");
}

#[test]
fn as_markdown() {
    let mut chat = chat("one", "About rust", "What is this?");
    chat.settings.system_prompt = Some("Be brief.".to_owned());
    chat.messages[0].images = vec![String::new(), String::new()];
    chat.messages.push(ChatMessage {
        reasoning: Some("Hm.".to_owned()),
        model: Some("local/tiny".to_owned()),
        ending: Ending::Stopped,
        ..message(ChatRole::Assistant, "```rust\nfn main() {}\n```")
    });
    assert_eq!(
        chat_markdown(&chat),
        "# About rust\n\n## System\n\nBe brief.\n\n## You\n\n*(2 images)*\n\nWhat is this?\n\n## local/tiny\n\n\
         <details>\n<summary>Thinking</summary>\n\nHm.\n\n</details>\n\n```rust\nfn main() {}\n```\n\n*(stopped)*\n"
    );
}
