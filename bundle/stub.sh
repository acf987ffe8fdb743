#!/bin/sh
# Majlis in one file, for Linux on @MACHINE@ with glibc @GLIBC@ or later: this script, and behind it the program, packed.
# The first start unpacks it into a cache directory. Every start becomes it: one process, of the id that was started.
set -u
name=@NAME@ # of the folder that it is unpacked to
hash=@HASH@ # of what is packed
seal=@SEAL@ # of the folder: the names and sizes of all that is in it

die() {
    echo "majlis: $*" >&2
    exit 1
}

find_cache() {
    if [ -n "${MAJLIS_CACHE_DIR-}" ]; then
        cache=$MAJLIS_CACHE_DIR
    elif [ -n "${CACHE_DIRECTORY-}" ]; then # systemd's CacheDirectory=, which may name several
        cache=${CACHE_DIRECTORY%%:*}
    elif [ "$user" = 0 ]; then
        cache=/var/cache/majlis
    elif [ -n "${XDG_CACHE_HOME-}" ]; then
        cache=$XDG_CACHE_HOME/majlis
    else
        cache=${HOME:-$(getent passwd "$user" | cut -d: -f6)}
        [ -n "$cache" ] || die "there is no home directory to unpack in; MAJLIS_CACHE_DIR names another place"
        cache=$cache/.cache/majlis
    fi
    case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
    home=$cache/$name
}

# Says whether the folder is there, all of it, and nobody else's to write to; what a link allows means nothing.
is_whole() {
    [ -d "$home" ] && [ "$seal" = "$(cd "$home" 2>/dev/null && find . -user "$user" \( -type l -o ! -perm /022 \) \
        \( -type d -printf 'd %P\n' -o -type l -printf 'l %P\n' -o -printf '%s %P\n' \) |
        LC_ALL=C sort | sha256sum | cut -c1-64)" ]
}

# Says in one line what would else be the riddle of a loader.
check_system() {
    [ "$(uname -m)" = @MACHINE@ ] || die "this file is for @MACHINE@, and this machine is $(uname -m)"
    command -v getconf >/dev/null || return 0
    have=$(getconf GNU_LIBC_VERSION 2>/dev/null) && have=${have#glibc }
    [ "$(printf '%s\n' @GLIBC@ "${have:-0}" | sort -V | head -n 1)" = @GLIBC@ ] ||
        die "this system has ${have:+glibc }${have:-no glibc}, and glibc @GLIBC@ is needed: Debian 12 or the like, or build it there"
}

packed() { tail -n +@LINE@ "$0"; }

# Unpacks beside the place and moves in what is whole. Who is killed half way leaves a folder that the next one removes; two at
# once wait for each other. (Where there is no flock both unpack, the first moves in, and nothing is removed.)
unpack() {
    check_system
    if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
        die "cannot write to $cache, where the program is unpacked; MAJLIS_CACHE_DIR names another place"
    fi
    [ -n "$(find "$cache" -prune -user "$user" ! -perm /022)" ] ||
        die "$cache is not this user's alone: choose a folder that nobody else may write to (MAJLIS_CACHE_DIR), or chmod go-w it"
    new=$cache/.new-$$
    trap 'rm -rf "$new"; exit 143' HUP INT TERM
    exec 9>"$cache/.lock" || die "cannot write to $cache"
    if command -v flock >/dev/null; then
        flock -w 120 9 || die "another start has been unpacking into $cache for two minutes: end it, or try again"
        is_whole && return
        rm -rf "$cache"/.new-*
    fi
    [ "$(packed | sha256sum | cut -c1-64)" = "$hash" ] || die "$0 is damaged: copy it again"
    mkdir "$new" || die "cannot write to $cache"
    why=$( (packed | gzip -dc | tar -xf - --no-same-owner --no-same-permissions -C "$new") 2>&1) || {
        rm -rf "$new"
        die "cannot unpack into $cache, which takes @MEGABYTES@ MB there: ${why%%
*}"
    }
    [ -x "$new/majlis" ] || {
        rm -rf "$new"
        die "nothing in $cache may be executed (noexec): MAJLIS_CACHE_DIR names another place"
    }
    if ! mv -T "$new" "$home" 2>/dev/null; then # something is there: of another start, or not whole
        is_whole || rm -rf "$home"
        mv -T "$new" "$home" 2>/dev/null || rm -rf "$new"
    fi
    remove_older
}

# Removes all versions but the newest two, and none that runs: who runs holds a shared lock on its folder.
remove_older() {
    command -v flock >/dev/null || return
    ls -1dt "$cache"/[0-9]*-*/ | tail -n +3 | while IFS= read -r old; do
        flock -n -x "$old" rm -rf "$old" || :
    done
}

user=$(id -u)
find_cache
if ! is_whole; then
    mask=$(umask)
    umask 077
    unpack
    umask "$mask"
    trap - HUP INT TERM
    exec 9>&-
    is_whole || die "what was unpacked into $home is not whole, or others may write to it; remove it and try again"
fi
exec 8<"$home" # held from here on, so that nobody removes it before the program holds it itself
if command -v flock >/dev/null; then flock -n -s 8; fi
exec "$home/majlis" "$@"
