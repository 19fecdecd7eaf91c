//! The table as a page of documentation: `docs/load-parameters.md`.

use std::fmt::Write as _;

use crate::{
    evidence::{EVIDENCE_BUILD, Evidence, evidence},
    spec::{Category, ParamSpec},
    table::TABLE,
};

/// The page, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Load parameters\n\n\
         Generated from the table in `src-tauri/crates/load-params`; do not edit.\n\n\
         Every parameter is optional: what is absent is left to the engine. Each is a field of JSON, and a flag of `paddock \
         load`. Engine flags that are not here are given as `--set FLAG=VALUE`.\n",
    );
    for category in Category::ALL {
        let rows: Vec<&ParamSpec> = TABLE
            .iter()
            .filter(|spec| spec.category == category)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "\n## {}\n\n| name | flag | value | meaning | as the engine's flag |\n|---|---|---|---|---|\n",
            category.label()
        );
        for spec in rows {
            let cells = [
                format!("`{}`", spec.name),
                format!("`{}`", spec.cli_flag),
                value(spec),
                format!("{} {}", spec.help, spec.details),
                spec.spelled.to_owned(),
            ];
            // Writing to a string cannot fail.
            let _ = writeln!(
                page,
                "| {} |",
                cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
            );
        }
    }
    page.push_str(&shown());
    page
}

/// What a real engine showed of each parameter.
fn shown() -> String {
    let mut read = String::new();
    let mut accepted = String::new();
    for spec in TABLE {
        // Writing to a string cannot fail.
        let _ = match evidence(spec) {
            Some(Evidence::Read(place)) => writeln!(read, "| `{}` | {place} |", spec.name),
            Some(Evidence::Accepted(why)) => writeln!(accepted, "| `{}` | {why} |", spec.name),
            None => writeln!(accepted, "| `{}` | not tried |", spec.name),
        };
    }
    format!(
        "\n## Tried on a real engine\n\n\
         The journey `parameters_all` passes each parameter to {EVIDENCE_BUILD} at a value other than the engine's own, and \
         reads its effect back:\n\n| parameter | read from |\n|---|---|\n{read}\n\
         Of these only acceptance was shown: the engine took them and the model answered.\n\n\
         | parameter | why no more |\n|---|---|\n{accepted}"
    )
}

fn value(spec: &ParamSpec) -> String {
    match spec.unit {
        Some(unit) => format!("{} ({unit})", spec.kind.expected()),
        None => spec.kind.expected(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_its_row() {
        let page = markdown();
        for spec in TABLE {
            assert_eq!(
                page.matches(&format!("| `{}` | `{}` |", spec.name, spec.cli_flag))
                    .count(),
                1,
                "{}",
                spec.name
            );
        }
        let (tables, shown) = page.split_once("\n## Tried").unwrap();
        assert_eq!(shown.matches("\n| `").count(), TABLE.len());
        let rows = tables.lines().filter(|line| line.starts_with("| `"));
        assert!(
            rows.into_iter()
                .all(|row| row.replace("\\|", "").matches('|').count() == 6),
            "five cells each"
        );
    }

    #[test]
    fn the_page() {
        insta::assert_snapshot!(markdown());
    }
}
