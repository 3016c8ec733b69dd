#!/bin/sh
# Plants one violation of each kind in a temporary tree and expects tools/check-layers to name its file and line;
# plants what only looks like one and expects silence.
set -eu

repository=${PANNIER_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# plant PATH LINE TEXT: a file whose line LINE is TEXT
plant() {
	mkdir -p "$tree/$(dirname "$1")"
	i=1
	while [ "$i" -lt "$2" ]; do
		echo "int line_$i;"
		i=$((i + 1))
	done >"$tree/$1"
	printf '%s\n' "$3" >>"$tree/$1"
}

judge() {
	status=0
	"$repository/tools/check-layers" "$tree" >"$tree/got" 2>&1 || status=$?
}

# refused PATH LINE TEXT WANT: exactly one violation, at that place, in those words
refused() {
	rm -rf "$tree/src" "$tree/sandbox"
	plant "$1" "$2" "$3"
	judge
	if [ "$status" -ne 1 ] || ! grep -q "^$1:$2: .*$4" "$tree/got" || [ "$(grep -c "^$1:" "$tree/got")" -ne 1 ]; then
		printf '%s\n  want: status 1 and "%s:%s: ... %s ..."\n  got:  status %s and:\n' "$3" "$1" "$2" "$4" "$status"
		sed 's/^/        /' "$tree/got"
		failed=1
	fi
}

# allowed PATH TEXT
allowed() {
	rm -rf "$tree/src" "$tree/sandbox"
	plant "$1" 3 "$2"
	judge
	if [ "$status" -ne 0 ]; then
		printf '%s in %s\n  want: no violation\n  got:\n' "$2" "$1"
		sed 's/^/        /' "$tree/got"
		failed=1
	fi
}

refused src/base/x.c 4 '#include "net/url.h"' 'base may not include net \[base: \]'
refused src/net/x.h 2 '#include "store/store.h"' 'net may not include store'
refused src/model/x.c 1 '  #  include "store/store.h"' 'model may not include store'
refused src/queue/x.c 3 '#include "catalog/catalog.h"' 'queue may not include catalog'
refused src/klaviyo/x.c 9 '#include "platform/platform.h"' 'klaviyo may not include platform'
refused src/klaviyo/x.c 9 '#include "queue/outbox.h"' 'klaviyo may not include queue'
refused src/platform/x.c 5 '#include "klaviyo/endpoint.h"' 'platform may not include klaviyo'
refused src/platform/enad/x.c 2 '#include "platform/generic/generic.h"' 'platform/enad may not include platform/generic'
refused src/flow/x.c 7 '#include "store/sqlite/sqlite_db.h"' 'only store may \[private store/sqlite: store\]'
refused src/store/memory/x.c 2 '#include "store/sqlite/sqlite_db.h"' 'store/memory may not include store/sqlite'
refused src/main.c 2 '#include "flow/map.h"' 'main may not include flow'
refused src/cli/x.c 2 '#include "cmd.h"' 'not written from src/'
refused src/commerce/x.c 1 'int x;' "folder 'commerce' has no row"
refused sandbox/x.c 2 '#include "klaviyo/endpoint.h"' 'sandbox may not include klaviyo'
refused sandbox/x.c 2 '#include <sqlite3.h>' 'only store/sqlite may'
refused src/store/x.c 2 '#include <sqlite3.h>' 'only store/sqlite may \[header sqlite3.h: store/sqlite\]'
refused src/flow/x.c 2 '#include <jansson.h>' 'only base may'
refused src/klaviyo/x.c 2 '#include <curl/curl.h>' 'only net may'
refused src/app/x.c 2 '#include <microhttpd.h>' 'only net may'
refused src/flow/x.c 6 'char *p = malloc(4);' 'call of malloc'
refused src/flow/x.c 6 '	if (x) free (p);' 'call of free'
refused src/flow/x.c 6 'int64_t now = time(NULL);' 'call of time'
refused src/net/x.c 6 'clock_gettime(CLOCK_REALTIME, &ts);' 'call of clock_gettime'
refused src/flow/x.c 6 'int x = /* why */ rand();' 'call of rand'
refused sandbox/x.c 6 'f(getrandom(p, 4, 0));' 'call of getrandom'
refused src/base/x.c 6 'strcpy(a, b);' 'call of strcpy .*nobody'
refused src/base/x.c 6 'n = atoi("7");' 'call of atoi'

allowed src/base/x.c 'char *p = malloc(4); /* the only door to the heap */'
allowed src/flow/x.c '/* never malloc(4) nor "store/sqlite/x.h" here */'
allowed src/flow/x.c '// strcpy(a, b);'
allowed src/flow/x.c 'log_info("flow", "time() and free(x) in text");'
allowed src/flow/x.c 'client->ops->free(client);'
allowed src/flow/x.c 'void (*free)(struct http_client *client);'
allowed src/flow/x.c 'mem_free(p); my_time(1); wall_time (2);'
allowed src/flow/x.c '#include <time.h>'
allowed src/flow/x.c '#include "queue/outbox.h" /* above "base/str.h" */'
allowed src/platform/enad/x.c '#include "platform/platform.h"'
allowed src/platform/platform.c '#include "platform/enad/enad.h"'
allowed src/store/sqlite/x.c '#include <sqlite3.h>'
allowed src/store/store.c '#include "store/sqlite/sqlite_store.h"'
allowed sandbox/x.c '#include "state.h"'
allowed sandbox/x.c '#include "net/http_server.h"'

[ "$failed" -eq 0 ] && echo "check-layers finds what it must"
exit "$failed"
