//! The repositories that the double has, and what may be changed about them.

use std::path::PathBuf;
use std::sync::Arc;

use gguf::tiny::{self, Weights};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::content::{Content, hex};
use super::{EVIL, GATED, HUGE, LARGE, MANY, PRIVATE, QUANTS, STARTER, STARTER_FILE, VISION};

/// Who may have a repository's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever was let in; everybody sees that it exists.
    Gated,
    /// Nobody else knows that it exists.
    Private,
}

/// A file in a commit.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// SHA-256 of the content.
    pub sha256: String,
}

impl File {
    fn new(path: &str, content: Content) -> Self {
        Self {
            path: path.to_owned(),
            sha256: content.sha256(),
            content,
        }
    }

    /// Whether it lies in large-file storage, behind a redirect.
    #[must_use]
    pub fn is_lfs(&self) -> bool {
        self.path.ends_with(".gguf")
    }

    /// A stand-in for the id of the git blob.
    #[must_use]
    pub fn git_oid(&self) -> String {
        self.sha256[..40].to_owned()
    }
}

/// The state of a repository at one time.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id.
    pub sha: String,
    /// Its files, in order of their paths.
    pub files: Vec<File>,
}

/// A repository.
#[derive(Debug, Clone)]
pub struct Repo {
    /// `owner/name`.
    pub id: String,
    /// Who may have it.
    pub access: Access,
    /// Commits, the newest last.
    pub commits: Vec<Commit>,
    /// Downloads in the last month.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// How much it is looked at.
    pub trending: u64,
    /// When it was made, ISO 8601.
    pub created: String,
    /// Elements of all tensors.
    pub parameters: u64,
    /// `gemma3` and so on.
    pub architecture: &'static str,
    /// Tokens.
    pub context_length: u64,
    /// The licence's tag.
    pub licence: &'static str,
}

impl Repo {
    /// The commit that a revision means.
    #[must_use]
    pub fn at(&self, revision: &str) -> Option<&Commit> {
        if revision == "main" {
            return self.commits.last();
        }
        self.commits.iter().find(|commit| commit.sha == revision)
    }

    /// Puts a file in the place of one of the same path, in a new commit: what uploaders do.
    pub fn upload(&mut self, path: &str, content: Content) {
        let mut files = self.commits.last().unwrap().files.clone();
        files.retain(|file| file.path != path);
        files.push(File::new(path, content));
        self.commits
            .push(commit(&self.id, files, self.commits.len()));
    }

    /// What `GET /api/models/{id}` answers.
    #[must_use]
    pub fn json(&self, revision: &str) -> Option<Value> {
        let commit = self.at(revision)?;
        let (author, _) = self.id.split_once('/')?;
        let siblings: Vec<Value> = commit
            .files
            .iter()
            .map(|file| json!({"rfilename": file.path}))
            .collect();
        let gated = match self.access {
            Access::Gated => json!("auto"),
            _ => json!(false),
        };
        Some(json!({
            "_id": self.id,
            "id": self.id,
            "modelId": self.id,
            "author": author,
            "sha": commit.sha,
            "createdAt": self.created,
            "lastModified": self.created,
            "private": self.access == Access::Private,
            "gated": gated,
            "disabled": false,
            "downloads": self.downloads,
            "likes": self.likes,
            "trendingScore": self.trending,
            "library_name": "gguf",
            "pipeline_tag": "text-generation",
            "tags": ["gguf", "text-generation", format!("license:{}", self.licence), "region:us"],
            "cardData": {"license": self.licence, "pipeline_tag": "text-generation"},
            "siblings": siblings,
            "spaces": [],
            "usedStorage": commit.files.iter().map(|file| file.content.size_bytes()).sum::<u64>(),
            "gguf": {
                "total": self.parameters,
                "architecture": self.architecture,
                "context_length": self.context_length,
                "chat_template": "{{ messages }}",
                "bos_token": "<s>",
                "eos_token": "</s>",
            },
        }))
    }
}

/// All repositories.
#[derive(Debug, Default)]
pub struct Repos(pub Vec<Repo>);

impl Repos {
    /// The repository of this name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Repo> {
        self.0.iter().find(|repo| repo.id == id)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Repo> {
        self.0.iter_mut().find(|repo| repo.id == id)
    }

    /// The content with this SHA-256, in whatever repository.
    #[must_use]
    pub fn blob(&self, sha256: &str) -> Option<Content> {
        self.0
            .iter()
            .flat_map(|repo| repo.commits.iter().flat_map(|commit| &commit.files))
            .find(|file| file.sha256 == sha256)
            .map(|file| file.content.clone())
    }
}

fn commit(id: &str, mut files: Vec<File>, number: usize) -> Commit {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let digest = hex(&Sha256::digest(format!("{id} {number}")));
    Commit {
        sha: digest[..40].to_owned(),
        files,
    }
}

fn repo(id: &str, files: Vec<(&str, Content)>) -> Repo {
    let name = id.rsplit('/').next().unwrap();
    let readme = format!(
        "---\nlicense: apache-2.0\ntags:\n- gguf\n---\n\n# {name}\n\n{name} is made up: it is here so that a client of the hub has something to \
         ask for, and [nobody](https://example.com) has to fetch gigabytes.\n\n## Use\n\nDo not.\n"
    );
    let mut all = vec![
        File::new(".gitattributes", Content::bytes("*.gguf filter=lfs\n")),
        File::new("README.md", Content::bytes(readme)),
    ];
    all.extend(
        files
            .into_iter()
            .map(|(path, content)| File::new(path, content)),
    );
    Repo {
        commits: vec![commit(id, all, 0)],
        id: id.to_owned(),
        access: Access::Public,
        downloads: 1_000,
        likes: 10,
        trending: 1,
        created: "2026-03-01T12:00:00.000Z".to_owned(),
        parameters: 450_000,
        architecture: "llama",
        context_length: 2048,
        licence: "apache-2.0",
    }
}

/// The tiny model with a few bytes of its own at the end, so that no two files are the same.
fn tiny(name: &str) -> Content {
    let weights = if name.contains("F16") {
        Weights::F16
    } else {
        Weights::Quantized
    };
    let mut bytes = tiny::bytes_with(weights);
    bytes.extend(name.as_bytes());
    Content::bytes(bytes)
}

fn sparse(size_bytes: u64) -> Content {
    let mut head = tiny::bytes();
    head.truncate(64 << 10);
    Content::Sparse {
        head: Arc::new(head),
        size_bytes,
    }
}

/// What the double begins with.
pub(super) fn all(starter: Option<PathBuf>) -> Repos {
    let mut repos = vec![];
    if let Some(path) = starter {
        repos.push(Repo {
            downloads: 250_000,
            likes: 400,
            trending: 90,
            parameters: 268_098_176,
            architecture: "gemma3",
            context_length: 32_768,
            licence: "gemma",
            ..repo(STARTER, vec![(STARTER_FILE, Content::Disk(path))])
        });
    }
    let labels = ["Q2_K", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16"];
    let names: Vec<String> = labels
        .iter()
        .map(|label| format!("tiny-{label}.gguf"))
        .collect();
    let quants = names
        .iter()
        .map(|name| (name.as_str(), tiny(name)))
        .collect();
    repos.push(Repo {
        downloads: 90_000,
        trending: 50,
        ..repo(QUANTS, quants)
    });
    let vision = [
        "Q8_0/vision-Q8_0-00001-of-00002.gguf",
        "Q8_0/vision-Q8_0-00002-of-00002.gguf",
        "imatrix.gguf",
        "mmproj-vision-F16.gguf",
        "vision-Q4_K_M.gguf",
    ];
    repos.push(repo(
        VISION,
        vision.iter().map(|name| (*name, tiny(name))).collect(),
    ));
    let large = vec![
        ("large-8B-Q2_K.gguf", sparse(3_180_000_000)),
        ("large-8B-Q4_K_M.gguf", sparse(4_920_000_000)),
        ("large-8B-Q5_K_M.gguf", sparse(5_730_000_000)),
        ("large-8B-Q8_0.gguf", sparse(8_540_000_000)),
        ("large-8B-F16.gguf", sparse(16_070_000_000)),
    ];
    repos.push(Repo {
        parameters: 8_030_000_000,
        likes: 900,
        context_length: 131_072,
        ..repo(LARGE, large)
    });
    let huge = vec![
        (
            "huge-400B-Q4_K_M-00001-of-00002.gguf",
            sparse(140_000_000_000),
        ),
        (
            "huge-400B-Q4_K_M-00002-of-00002.gguf",
            sparse(110_000_000_000),
        ),
    ];
    repos.push(Repo {
        parameters: 400_000_000_000,
        ..repo(HUGE, huge)
    });
    repos.push(Repo {
        access: Access::Gated,
        licence: "gemma",
        ..repo(GATED, vec![("gated-Q4_K_M.gguf", tiny("gated"))])
    });
    repos.push(Repo {
        access: Access::Private,
        ..repo(PRIVATE, vec![("private-Q4_K_M.gguf", tiny("private"))])
    });
    repos.push(repo(
        EVIL,
        vec![("../../../escaped-Q4_K_M.gguf", tiny("evil"))],
    ));
    let many: Vec<String> = (0..60)
        .map(|number| format!("part-{number:02}/m-{number:02}.gguf"))
        .collect();
    let small = |name: &str| Content::bytes(format!("GGUF {name}"));
    repos.push(repo(
        MANY,
        many.iter()
            .map(|name| (name.as_str(), small(name)))
            .collect(),
    ));
    for number in 0..70_u64 {
        let id = format!("crowd/model-{number:02}-GGUF");
        repos.push(Repo {
            downloads: number * 7 % 70,
            likes: number * 11 % 70,
            trending: 0,
            created: format!(
                "2026-01-{:02}T{:02}:00:00.000Z",
                number % 28 + 1,
                number % 24
            ),
            parameters: (number + 1) * 1_000_000_000,
            ..repo(
                &id,
                vec![("model-Q4_K_M.gguf", sparse((number + 1) * 600_000_000))],
            )
        });
    }
    Repos(repos)
}
