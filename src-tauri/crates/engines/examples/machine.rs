//! Prints this machine as engines are chosen for it: `cargo run -p paddock-engines --features releases --example machine`.

#[allow(clippy::print_stdout)]
fn main() {
    let machine = engines::Machine::detect();
    println!("{}", machine.sentence());
    println!("{machine:#?}");
}
