#!/bin/sh
# Take the certificate in the folder $RENEWED_LINEAGE into use (fullchain.pem, privkey.pem): certbot's deploy hook.
# Certificate and key change together. Ends with an error, and the old pair in place, unless nginx really shows the new one.
# certificate.sh [first|renew] [DISTRICT HOST]: of many districts, that of one lies in districts/DISTRICT.
set -eu
umask 077
tls=/etc/portal-tls${2:+/districts/$2}
host=${3:-localhost}
fingerprint() { openssl x509 -noout -fingerprint -sha256 | tr -dc '0-9A-F' | tail -c 64; }
shown() { openssl s_client -connect localhost:443 -servername "$host" </dev/null 2>/dev/null | fingerprint 2>/dev/null; }
use() { ln -sfn "$1" "$tls/current.new" && mv -T "$tls/current.new" "$tls/current"; }
fail() {
    test -z "$old" || use "$old"
    echo "The new certificate is not in use: $1" >&2
    exit 1
}

new=$(fingerprint < "$RENEWED_LINEAGE/fullchain.pem")
if test ${#new} -ne 64; then
    echo "$RENEWED_LINEAGE/fullchain.pem is no certificate." >&2
    exit 1
fi
mkdir -p "$tls/$new"
cp -L "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" "$tls/$new/"
chmod 755 "$tls/$new" && chmod 644 "$tls/$new/fullchain.pem" # the certificate is public: status reads it, as the portal's user
old=$(readlink "$tls/current" || true)
use "$new"
test "${1:-}" != first || exit 0 # nginx is not there yet
nginx -t -q || fail "nginx refuses it; what it says stands above."
systemctl reload nginx || fail "nginx could not be told: systemctl status nginx"
for try in 1 2 3 4 5 6 7 8 9 10; do
    if test "$(shown)" = "$new"; then
        find "$tls" -mindepth 1 -maxdepth 1 -type d ! -name "$new" ! -name districts -exec rm -r {} + # keys that nothing uses
        exit 0
    fi
    sleep 1
done
fail "nginx still shows another one: systemctl status nginx"
