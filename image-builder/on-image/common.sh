# shellcheck shell=sh
# Sourced by the programs of a relay: the metadata server and RTPEngine's ports, each behind one function.

METADATA=http://169.254.169.254/computeMetadata/v1
CONF=/run/rtpfleet/rtpengine.conf

log() { printf '%s\n' "$*" >&2; }

# Prints a metadata value; nothing when the server says that there is none. Fails when it does not answer.
metadata() {
    answer=$(curl -sS --max-time 5 -H 'Metadata-Flavor: Google' -w '\n%{http_code}' "$METADATA/$1" 2>/dev/null) || return 1
    code=${answer##*
}
    case $code in
        200) printf '%s' "${answer%
*}" ;;
        404) ;;
        *) return 1 ;;
    esac
}

# The same, for as long as it takes: a relay without its metadata has nothing that it could do instead.
metadata_when_up() {
    tries=0
    until value=$(metadata "$1"); do
        tries=$((tries + 1))
        [ $((tries % 50)) -ne 1 ] || log "waiting for the metadata server ($1)"
        sleep 0.2
    done
    printf '%s' "$value"
}

# Writes a guest attribute. Fails when the server refuses, which it does unless enable-guest-attributes is TRUE.
guest_attribute() {
    printf '%s' "$2" | curl -sSf --max-time 5 -o /dev/null -X PUT -H 'Metadata-Flavor: Google' \
        --data-binary @- "$METADATA/instance/guest-attributes/rtpfleet/$1" 2>/dev/null
}

# Value of an option in the running configuration; nothing when it is not there.
configured() { sed -n "s/^$1 = //p" "$CONF" 2>/dev/null | tail -n 1; }

# One command to RTPEngine's command line; prints its answer.
rtpengine_cli() {
    at=$(configured listen-cli)
    printf '%s\n' "$1" | /usr/lib/rtpfleet/ask tcp "${at%:*}" "${at##*:}"
}

# One ng command by UDP, as a bencoded dictionary; prints the answer. The cookie is new for every request.
rtpengine_ng() {
    at=$(configured listen-ng)
    printf '%s %s' "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" "$1" |
        /usr/lib/rtpfleet/ask udp "${at%:*}" "${at##*:}"
}

# The session limit that RTPEngine works with now: -1 = none, 0 = cordoned. Fails without an answer.
session_limit() {
    limit=$(rtpengine_cli 'list maxsessions' | grep -oE -- '-?[0-9]+' | tail -n 1)
    [ -n "$limit" ] && printf '%s' "$limit"
}
