# Runs the fuzz targets, for ./shomei fuzz, whose functions and variables it uses.
# shellcheck shell=bash

readonly fuzz_version=0.13.2

install_fuzz() {
    [[ -x $target/tools/bin/cargo-fuzz && $("$target/tools/bin/cargo-fuzz" --version) == "cargo-fuzz $fuzz_version" ]] ||
        cargo install --quiet --locked --debug --root "$target/tools" --version "$fuzz_version" cargo-fuzz
}

# Everything stays below $target/fuzz: corpus and tally grow from one run to the next.
fuzz() {
    local seconds=${1-}
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || { usage >&2; exit 2; }
    shift
    install_packages
    install_fuzz
    # Coverage guides by instructions that any toolchain puts in; a sanitizer is what takes nightly.
    local sanitizer=${SHOMEI_FUZZ_SANITIZER:-none} toolchain=()
    [[ $sanitizer == none ]] || toolchain=(+nightly)
    say "building the targets, sanitizer $sanitizer"
    cargo build --locked --quiet -p fuzz-targets
    CARGO_TARGET_DIR=$target/fuzz/build PATH=$target/tools/bin:$PATH \
        cargo "${toolchain[@]}" fuzz build --sanitizer "$sanitizer" 2>"$target/fuzz-build.log" ||
        { cat "$target/fuzz-build.log" >&2; return 1; }
    local work=$target/fuzz names=("$@") status=0 name longest
    ((${#names[@]})) || mapfile -t names < <("$target/debug/fuzz-targets" list | cut -d' ' -f1)
    rm -rf "$work/seeds"
    "$target/debug/fuzz-targets" seeds "$work/seeds"
    mkdir -p "$work/artifacts"
    touch "$work/tally"
    local each=$((seconds / ${#names[@]}))
    ((each)) || each=1
    for name in "${names[@]}"; do
        longest=$("$target/debug/fuzz-targets" list | awk -v name="$name" '$1 == name { print $2 }')
        [[ $longest ]] || { say "no target $name"; return 2; }
        say "$name: $each seconds"
        mkdir -p "$work/corpus/$name"
        "$work"/build/*/release/"$name" -max_total_time="$each" -max_len="$longest" -timeout=30 -rss_limit_mb=2048 \
            -print_final_stats=1 -artifact_prefix="$work/artifacts/$name-" "$work/corpus/$name" "$work/seeds/$name" \
            >"$work/$name.log" 2>&1 || {
            status=1
            say "$name found something; replay it: $target/debug/fuzz-targets replay $name $work/artifacts/$name-*"
            grep -a -A3 -m1 'panicked at' "$work/$name.log" >&2 || tail -n 20 "$work/$name.log" >&2
        }
        awk -v name="$name" '/^stat::number_of_executed_units:/ { n = $2 } /^stat::average_exec_per_sec:/ { r = $2 }
            END { print name, n + 0, r + 0 }' "$work/$name.log" >>"$work/tally"
    done
    awk -v last=${#names[@]} '{ all[$1] += $2; sum += $2; name[NR] = $1; n[NR] = $2; rate[NR] = $3 }
        END {
            printf "%-10s %14s %12s %16s\n", "target", "executions", "a second", "in all runs"
            for (i = NR - last + 1; i <= NR; i++) {
                printf "%-10s %14d %12d %16d\n", name[i], n[i], rate[i], all[name[i]]
                now += n[i]
            }
            printf "%-10s %14d %12s %16d\n", "together", now, "", sum
        }' "$work/tally"
    fuzz_coverage "$work" || status=1
    return "$status"
}

# Lines of card and hw-sim that the corpora reach, by replaying them in a program that counts.
fuzz_coverage() {
    local work=$1 tools name
    tools=$(llvm_tools) || {
        say 'no llvm-profdata and llvm-cov of this Rust (rustup component add llvm-tools): coverage is not measured'
        return 0
    }
    say 'coverage'
    # Build scripts count as well: into nothing.
    LLVM_PROFILE_FILE=/dev/null RUSTFLAGS='-C instrument-coverage' CARGO_TARGET_DIR=$work/coverage \
        cargo build --locked --quiet -p fuzz-targets || return 1
    rm -f "$work"/coverage/*.profraw
    for name in "$work"/corpus/*; do
        name=${name##*/}
        LLVM_PROFILE_FILE=$work/coverage/$name.profraw \
            "$work/coverage/debug/fuzz-targets" replay "$name" "$work/seeds/$name" "$work/corpus/$name" >/dev/null || return 1
    done
    "$tools/llvm-profdata" merge -sparse -o "$work/coverage/all.profdata" "$work"/coverage/*.profraw || return 1
    "$tools/llvm-cov" show --format=text --show-line-counts-or-regions=false --instr-profile="$work/coverage/all.profdata" \
        "$work/coverage/debug/fuzz-targets" card/src hw-sim/src verify/src >"$work/coverage/lines.txt"
    "$tools/llvm-cov" export --format=lcov --instr-profile="$work/coverage/all.profdata" \
        "$work/coverage/debug/fuzz-targets" card/src hw-sim/src verify/src >"$work/coverage/lines.info"
    awk -v root="$PWD/" '
        /^SF:/ { file = substr($0, 4); sub(root, "", file) }
        /^LF:/ { found[file] = substr($0, 4) }
        /^LH:/ { hit[file] = substr($0, 4) }
        END {
            for (file in found) {
                if (file !~ /^(card|hw-sim)\//) continue
                printf "%-36s %5d of %5d lines, %5.1f %%\n", file, hit[file], found[file], 100 * hit[file] / (found[file] + !found[file]) | "sort"
                f += found[file]; h += hit[file]
            }
            close("sort")
            printf "%-36s %5d of %5d lines, %5.1f %%\n", "together", h, f, 100 * h / (f + !f)
        }' "$work/coverage/lines.info"
    say "line by line: $work/coverage/lines.txt"
}

# The folder of llvm-profdata and llvm-cov that understand what rustc writes.
llvm_tools() {
    local bin
    for bin in "$(rustc --print sysroot)"/lib/rustlib/*/bin "$(rustc +nightly --print sysroot 2>/dev/null)"/lib/rustlib/*/bin; do
        [[ -x $bin/llvm-profdata && -x $bin/llvm-cov ]] && printf '%s\n' "$bin" && return
    done
    return 1
}
