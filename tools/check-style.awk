# The judge behind tools/check-style. Sources are measured; other texts are only checked for trailing white space.

function columns(line,    i, c, n) {
	if (line !~ /\t/ && length(line) <= 110)
		return length(line)
	n = 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\t")
			n += 8 - n % 8
		else if (c !~ /[\200-\277]/)
			n++
	}
	return n
}

function end_of_file() {
	if (file != "" && is_source && lines > 600)
		printf "note: %s: %d lines\n", file, lines
}

BEGIN {
	n = split(sources, part, "\n")
	for (i = 1; i <= n; i++)
		source[part[i]] = 1
}

FNR == 1 {
	end_of_file()
	file = FILENAME
	is_source = (file in source)
	body = 0
	# Headers hold documentation beside declarations and may be wider.
	columns_max = file ~ /\.h$/ ? 140 : 110
}

{
	lines = FNR
}

/[ \t\r]$/ {
	printf "%s:%d: trailing white space\n", FILENAME, FNR
	bad++
}

is_source && columns($0) > columns_max {
	printf "%s:%d: %d columns\n", FILENAME, FNR, columns($0)
	bad++
}

is_source && /^    / {
	printf "%s:%d: indented with spaces\n", FILENAME, FNR
	bad++
}

is_source && /^\{/ {
	body = FNR
}

is_source && /^\}/ && body {
	if (FNR - body - 1 > 60)
		printf "note: %s:%d: function of %d lines\n", FILENAME, body, FNR - body - 1
	body = 0
}

END {
	end_of_file()
	exit bad > 0
}
