# shellcheck shell=sh
# Sourced by the programs of a relay: the metadata server and RTPEngine's ports, each behind one function.

METADATA=http://169.254.169.254/computeMetadata/v1
CONF=/run/rtpfleet/rtpengine.conf
STANDALONE=/run/rtpfleet/standalone
FIRMWARE=/sys/class/dmi/id
PATIENCE=20

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

# The same, for as long as it takes: a relay of a cloud has nothing that it could do without its metadata. A machine that
# is none of Google's, nor of the lab, has no metadata server to wait for: after $PATIENCE seconds without any word it goes by
# itself, until the next boot, and every value is empty.
metadata_when_up() {
    [ ! -e "$STANDALONE" ] || return 0
    [ -z "${RTPFLEET_STANDALONE:-}" ] || { : >"$STANDALONE"; return 0; }
    tries=0
    begin=$(date +%s)
    until value=$(metadata "$1"); do
        tries=$((tries + 1))
        [ $((tries % 50)) -ne 1 ] || log "waiting for the metadata server ($1)"
        if [ $(($(date +%s) - begin)) -ge "$PATIENCE" ] && ! has_metadata_server; then
            log "no metadata server: this relay goes by itself"
            : >"$STANDALONE"
            return 0
        fi
        sleep 0.2
    done
    printf '%s' "$value"
}

# True where a metadata server belongs to the platform: on Google's machines, told by their firmware, and in the lab.
has_metadata_server() {
    [ "$(cat "$FIRMWARE/product_name" 2>/dev/null)" = 'Google Compute Engine' ] ||
        [ "$(systemd-detect-virt --container 2>/dev/null)" = systemd-nspawn ]
}

# The first IPv4 address that other machines can reach.
own_address() { ip -4 -oneline address show scope global | sed -n '1s/.* inet \([0-9.]*\).*/\1/p'; }

# Prints a secret, given the URL at which Secret Manager shows it; the machine's own service account has to be granted it. Token and secret
# pass through pipes: what stands in an argument, every program of the machine can read.
secret() {
    token=$(metadata instance/service-accounts/default/token | sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
    [ -n "$token" ] || return 1
    answer=$(printf 'Authorization: Bearer %s\n' "$token" | curl -sSf --max-time 10 -H @- "$1" 2>/dev/null) || return 1
    printf '%s' "$answer" | tr -d '\n' | sed -n 's/.*"data" *: *"\([^"]*\)".*/\1/p' | base64 -d
}

# The same, for as long as it takes: a grant that was just made is not known everywhere at once.
secret_when_up() {
    tries=0
    until value=$(secret "$1") && [ -n "$value" ]; do
        tries=$((tries + 1))
        [ $((tries % 15)) -ne 1 ] || log "waiting for Secret Manager ($1)"
        sleep 2
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

# Where it answers ng at the machine's own address, which comes first.
ng_address() { configured listen-ng | sed 's/;.*//'; }

# One ng command by UDP, as a bencoded dictionary; prints the answer. The cookie is new for every request.
rtpengine_ng() {
    at=$(ng_address)
    printf '%s %s' "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" "$1" |
        /usr/lib/rtpfleet/ask udp "${at%:*}" "${at##*:}"
}

# The session limit that RTPEngine works with now: -1 = none, 0 = cordoned. Fails without an answer.
session_limit() {
    limit=$(rtpengine_cli 'list maxsessions' | grep -oE -- '-?[0-9]+' | tail -n 1)
    [ -n "$limit" ] && printf '%s' "$limit"
}
