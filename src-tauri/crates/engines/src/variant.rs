//! Which of a release's builds fits a machine: a pure function of the two.
//!
//! Every build for the machine's operating system is judged, so that the user sees what there is and why it does not
//! fit. What Paddock recommends is what surely works and computes where it is fastest; between two that do, the more
//! common one: Vulkan before ROCm and SYCL, AVX2 before AVX-512. Whether it really works is for the proof to say.

mod judge;

use crate::asset::{Asset, Backend, Parsed, parse};
use crate::machine::{Gpu, Libc, Machine, Vendor, Version, describe_gpu};
use crate::release::Release;

use judge::{Verdict, judge};

/// One of a release's builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// `cuda-12.8`, `vulkan`, `cpu`; with the architecture behind it where that is not the machine's.
    pub id: String,
    /// `CUDA 12.8`.
    pub label: String,
    /// It can work here.
    pub works: bool,
    /// Why not, or what to know.
    pub reason: Option<String>,
    /// The archives: the build itself, then what it needs beside it.
    pub assets: Vec<Asset>,
    /// Of all archives.
    pub size_bytes: u64,
}

/// The builds of a release for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The id of the build that fits best; `None` where none works.
    pub recommended: Option<String>,
    /// All builds for the operating system, what fits best first.
    pub all: Vec<Variant>,
    /// The choice explained.
    pub sentence: String,
}

impl Choice {
    /// The build that the user means: an id, the middle of a file's name (`ubuntu-vulkan-x64`), or a family (`cuda`),
    /// of which the best one counts.
    #[must_use]
    pub fn find(&self, wanted: &str) -> Option<&Variant> {
        let wanted = wanted.to_lowercase();
        let exact = self.all.iter().find(|variant| variant.id == wanted);
        let by_name = || {
            let middle = format!("-bin-{wanted}.");
            self.all
                .iter()
                .find(|variant| variant.assets[0].name.to_lowercase().contains(&middle))
        };
        let by_family = || {
            let family = format!("{wanted}-");
            self.all
                .iter()
                .find(|variant| variant.id.starts_with(&family))
        };
        exact.or_else(by_name).or_else(by_family)
    }
}

/// A build with what was found about it.
struct Candidate {
    parsed: Parsed,
    variant: Variant,
    verdict: Verdict,
}

/// Chooses.
#[must_use]
pub fn choose(release: &Release, machine: &Machine) -> Choice {
    let parsed: Vec<(Parsed, &Asset)> = release
        .assets
        .iter()
        .filter_map(|asset| Some((parse(&asset.name)?, asset)))
        .filter(|(parsed, _)| parsed.os == machine.os)
        .collect();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (build, asset) in parsed.iter().filter(|(build, _)| !build.is_cuda_runtime) {
        let runtime = parsed.iter().find(|(other, _)| {
            other.is_cuda_runtime
                && build.backend == Backend::Cuda
                && (other.arch, &other.version) == (build.arch, &build.version)
        });
        let mut assets = vec![(*asset).clone()];
        assets.extend(runtime.map(|(_, asset)| (*asset).clone()));
        let verdict = judge(build, runtime.is_some(), machine);
        let mut id = build.id();
        if build.arch != machine.arch {
            id = format!("{id}-{}", build.arch.name());
        }
        let candidate = Candidate {
            variant: Variant {
                id,
                label: build.label(),
                works: verdict.works,
                reason: verdict.reason.clone(),
                size_bytes: assets.iter().map(|asset| asset.size_bytes).sum(),
                assets,
            },
            parsed: build.clone(),
            verdict,
        };
        // At the turn from zip to tar.gz a release may hold both; tar keeps links and permissions.
        let twin = candidates
            .iter()
            .position(|other| other.variant.id == candidate.variant.id);
        match twin {
            Some(index) if candidates[index].parsed.is_zip => candidates[index] = candidate,
            Some(_) => {}
            None => candidates.push(candidate),
        }
    }
    candidates.sort_by(|one, other| {
        let key = |candidate: &Candidate| {
            (
                candidate.verdict.works,
                candidate.verdict.rank,
                candidate.parsed.version.clone(),
            )
        };
        key(other).cmp(&key(one))
    });
    let recommended = candidates
        .first()
        .filter(|best| best.verdict.works && best.verdict.rank > 0);
    let sentence = sentence(release, machine, &candidates, recommended);
    Choice {
        recommended: recommended.map(|best| best.variant.id.clone()),
        sentence,
        all: candidates
            .into_iter()
            .map(|candidate| candidate.variant)
            .collect(),
    }
}

fn sentence(
    release: &Release,
    machine: &Machine,
    candidates: &[Candidate],
    recommended: Option<&Candidate>,
) -> String {
    let Some(best) = recommended else {
        let why = candidates
            .iter()
            .find(|candidate| candidate.parsed.arch == machine.arch)
            .and_then(|candidate| candidate.variant.reason.clone());
        return match why {
            Some(why) => format!("No build of {} works on this machine. {why}", release.tag),
            None => format!(
                "{} has no build for {} on {}.",
                release.tag,
                machine.os.name(),
                machine.arch.name()
            ),
        };
    };
    let label = &best.variant.label;
    let mut text = match best.parsed.backend {
        Backend::Metal => format!("{label} fits this machine, an Apple Mac."),
        Backend::Cpu => format!("{label} fits this machine: {}", no_gpu_words(machine)),
        _ => {
            let gpu = judge::gpu_for(&best.parsed.backend, machine);
            match gpu {
                Some(gpu) => format!("{label} fits this machine's {}.", describe_gpu(gpu)),
                None => format!("{label} fits this machine."),
            }
        }
    };
    // Who has a fast GPU and gets less wants to know why.
    let has_nvidia = machine.gpus.iter().any(|gpu| gpu.vendor == Vendor::Nvidia);
    if has_nvidia && best.parsed.backend != Backend::Cuda {
        let cuda = candidates
            .iter()
            .filter(|other| other.parsed.backend == Backend::Cuda)
            .filter(|other| other.parsed.arch == machine.arch)
            .min_by_key(|other| other.parsed.version.clone());
        match cuda.and_then(|cuda| cuda.variant.reason.as_ref()) {
            Some(reason) => text = format!("{text} CUDA is not for it: {reason}"),
            None if cuda.is_none() => {
                text = format!("{text} This release has no CUDA build for it.");
            }
            None => {}
        }
    }
    text
}

fn no_gpu_words(machine: &Machine) -> String {
    let computing: Vec<&Gpu> = machine
        .gpus
        .iter()
        .filter(|gpu| gpu.vendor != Vendor::Other)
        .collect();
    let Some(gpu) = computing.first() else {
        return "it has no GPU that could compute.".to_owned();
    };
    if judge::is_too_small(gpu) {
        return format!(
            "the {} has too little memory for models.",
            describe_gpu(gpu)
        );
    }
    format!("its {} cannot be used as it is.", describe_gpu(gpu))
}

/// The oldest glibc that the released builds run on.
pub(crate) fn glibc_needed(backend: &Backend) -> Version {
    match backend {
        // Built on Ubuntu 24.04.
        Backend::OpenVino => Version(vec![2, 39]),
        // Ubuntu 22.04.
        _ => Version(vec![2, 35]),
    }
}

/// Why no released build can run with this C library.
pub(crate) fn libc_problem(machine: &Machine, backend: &Backend) -> Option<String> {
    match machine.libc.as_ref()? {
        Libc::Musl => Some(
            "The released builds need glibc, and this system has musl. Build llama.cpp here, and add it by its path."
                .to_owned(),
        ),
        Libc::Glibc(version) => {
            let needed = glibc_needed(backend);
            (*version < needed).then(|| {
                format!("It needs glibc {needed} or newer, and this system has {version}.")
            })
        }
    }
}

#[cfg(test)]
#[path = "variant_tests.rs"]
mod tests;
