#!/bin/sh
# The storefront's script stays small: below 6 KB as it travels, its configuration included.
set -eu

repository=${PANNIER_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
max=6144
configuration=400
size=$(gzip -9 -c "$repository/assets/storefront/pannier.js" | wc -c)
if [ $((size + configuration)) -ge "$max" ]; then
	echo "pannier.js is $size bytes compressed; with a configuration of $configuration it must stay below $max"
	exit 1
fi
echo "pannier.js is $size bytes compressed"
