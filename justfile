set shell := ["bash", "-euo", "pipefail", "-c"]

# Lists what there is.
[private]
default:
    @{{ just_executable() }} --list --unsorted

# Builds and serves ClankdIn; `just run --dev` lets webhooks go to your own machine.
run *arguments:
    cargo run --release -- {{ arguments }}

# Runs all tests; those on PostgreSQL where its programs are installed.
test:
    cargo test --workspace

# Checks all that is no test: format, lints, dependencies, documentation.
check: format lint deny docs

# Checks the format.
format:
    cargo fmt --all --check

# Runs clippy; a warning is an error.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Checks which crate depends on which, licences and sources; needs cargo-deny.
deny:
    @cargo deny --version >/dev/null 2>&1 || { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
    cargo deny --locked --log-level error check bans licenses sources

# Builds the documentation; a warning is an error.
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

# Kills a primary under load and promotes its standby; needs PostgreSQL's programs.
failover:
    CLANKDIN_TEST_REQUIRE_POSTGRES=1 cargo test -p clankdin --test it failover -- --nocapture

# Kills what delivers a thousand times on each database, and counts what is lost; needs PostgreSQL's programs.
kills:
    CLANKDIN_TEST_KILLS=1000 CLANKDIN_TEST_REQUIRE_POSTGRES=1 cargo test -p clankdin --test it delivery::kills -- --nocapture

# Tests TLS on the way to PostgreSQL; needs perl, make, and PostgreSQL's programs.
postgres-tls:
    CLANKDIN_TEST_REQUIRE_POSTGRES=1 cargo test -p clankdin --features postgres-tls --test it tls

# Runs the README's tour against a server of its own.
tour:
    scripts/tour.sh

# Has our signatures verified by the public libraries; needs Python with pip, and Node.js with npm.
verify-signatures:
    scripts/verify-signatures.sh

# Measures HTTP against bare SQL and an empty handler.
bench:
    cargo bench -p clankdin --bench http

# What the dispatcher leaves of the speed of a bare loop of requests, on SQLite and on PostgreSQL.
bench-delivery *databases:
    cargo bench -p clankdin --bench delivery -- {{databases}}

# Writes docs/openapi.json anew, from the handlers.
openapi:
    UPDATE_OPENAPI=1 cargo test -p clankdin-api --test it openapi

# Writes the deliveries in crates/webhook-dispatcher/tests/vectors.json anew.
vectors:
    UPDATE_VECTORS=1 cargo test -p clankdin-webhook-dispatcher --test it vectors
