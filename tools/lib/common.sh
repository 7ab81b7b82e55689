# Sourced by the tools: where things are, and how to say what is being done.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# --help prints the comment at the top of the tool.
help_if_asked() {
  for arg in "$@"; do
    if [[ $arg == --help || $arg == -h ]]; then
      sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
    fi
  done
}

# The same source compiles to the same object wherever the checkout lies.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-5G}"

# configure_and_build PRESET [TARGET…]
configure_and_build() {
  local preset=$1
  shift
  if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; rm -f "build-$preset.log"; die "cmake failed"; }
    rm -f "build-$preset.log"
  fi
  cmake --build "build/$preset" ${1:+--target "$@"}
}

# Builds web/dist when a source is newer than it.
build_web() {
  if [[ ! -f web/dist/index.html ]] ||
    [[ -n $(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit) ]]; then
    npm_install web
    (cd web && npm run --silent build)
  fi
}

# npm ci, unless node_modules already is what the lock file says.
npm_install() {
  local folder=$1
  if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock" 2>/dev/null; then
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
    cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock"
  fi
}
