# The judge behind tools/check-layers: reads the rows of layers.txt, then every source line without its comments.

function report(what, row) {
	printf "%s:%d: %s [%s]\n", FILENAME, FNR, what, row
	bad++
}

function trim(text) {
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

# "a b c" has the word?
function has(list, word) {
	return index(" " list " ", " " word " ") > 0
}

# The folder is one of the list, or lies below one of them.
function within(folder, list,    part, n, i) {
	n = split(list, part, " ")
	for (i = 1; i <= n; i++)
		if (folder == part[i] || index(folder "/", part[i] "/") == 1)
			return 1
	return 0
}

function read_rules(    line, at, head, rest, word, n, i) {
	while ((getline line < rules) > 0) {
		sub(/#.*/, "", line)
		if (trim(line) == "")
			continue
		at = index(line, ":")
		head = trim(at ? substr(line, 1, at - 1) : line)
		rest = at ? trim(substr(line, at + 1)) : ""
		n = split(head, word, " ")
		if (n == 1) {
			layer[head] = rest
			layer_row[head] = head ": " rest
		} else if (word[1] == "siblings") {
			siblings[word[2]] = trim(line)
		} else if (word[1] == "private") {
			private[word[2]] = rest
			private_row[word[2]] = trim(line)
		} else if (word[1] == "header") {
			header[word[2]] = rest
			header_row[word[2]] = trim(line)
		} else if (word[1] == "call") {
			for (i = 2; i <= n; i++) {
				call[word[i]] = rest
				call_row[word[i]] = "call " word[i] ": " (rest == "" ? "nobody" : rest)
			}
		} else {
			printf "%s: row not understood: %s\n", rules, line > "/dev/stderr"
			exit 2
		}
	}
	close(rules)
	if (!("base" in layer)) {
		printf "%s: no rows\n", rules > "/dev/stderr"
		exit 2
	}
}

# The line without comments; text in quotes is emptied unless the line is a directive. Keeps in_comment across lines.
function strip(line,    out, i, c, two, quote, directive) {
	out = ""
	quote = ""
	directive = !in_comment && line ~ /^[ \t]*#[ \t]*include/
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		two = substr(line, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
		} else if (quote != "") {
			if (c == "\\")
				i++
			else if (c == quote)
				quote = ""
		} else if (two == "/*") {
			in_comment = 1
			out = out " "
			i++
		} else if (two == "//") {
			break
		} else if (!directive && (c == "\"" || c == "'")) {
			quote = c
			out = out " "
		} else {
			out = out c
		}
	}
	return out
}

function check_own_include(name,    top, target, part, n, folder) {
	n = split(name, part, "/")
	if (n == 1) {
		if (where == "src")
			report("include \"" name "\" is not written from src/", "includes are written from src/")
		return
	}
	top = part[1]
	target = name
	sub(/\/[^\/]*$/, "", target)
	if (where == "sandbox" && top == "sandbox")
		return
	if (top != unit && !has(layer[unit], top))
		report("include \"" name "\": " unit " may not include " top, layer_row[unit])
	for (folder in siblings)
		if (unit == folder && index(target "/", folder "/") == 1 && target != folder && here != folder &&
		    sibling_of(target, folder) != sibling_of(here, folder))
			report("include \"" name "\": " here " may not include " target, siblings[folder])
	for (folder in private)
		if (index(target "/", folder "/") == 1 && !within(here, private[folder]))
			report("include \"" name "\": only " private[folder] " may", private_row[folder])
}

# "platform/enad/x" below "platform" is "enad"
function sibling_of(path, folder,    rest) {
	rest = substr(path, length(folder) + 2)
	sub(/\/.*/, "", rest)
	return rest
}

function check_header(name,    key) {
	for (key in header)
		if ((name == key || (key ~ /\/$/ && index(name, key) == 1)) && !within(here, header[key]))
			report("include <" name ">: only " header[key] " may", header_row[key])
}

function check_include(line,    name) {
	name = line
	sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
	sub(/[>"].*$/, "", name)
	check_header(name)
	if (line ~ /"/)
		check_own_include(name)
}

# Names followed by "(" and not reached through a struct ("ops->free(...)") or declared ("(*free)(...)").
function check_calls(line,    rest, name, before, at) {
	rest = line
	before = ""
	while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
		at = RSTART
		name = substr(rest, RSTART, RLENGTH)
		before = at > 1 ? substr(rest, 1, at - 1) : before
		rest = substr(rest, RSTART + RLENGTH)
		sub(/[ \t]*\($/, "", name)
		if ((name in call) && before !~ /(\.|->)[ \t]*$/ && before !~ /[A-Za-z0-9_]$/ &&
		    !within(here, call[name]))
			report("call of " name, call_row[name])
		before = "("
	}
}

BEGIN {
	read_rules()
}

FNR == 1 {
	in_comment = 0
	where = FILENAME
	sub(/\/.*/, "", where)
	here = FILENAME
	sub(/\/[^\/]*$/, "", here)
	if (where == "src") {
		sub(/^src\/?/, "", here)
		if (here == "")
			here = "main"
	}
	unit = here
	sub(/\/.*/, "", unit)
	if (!(unit in layer)) {
		report("folder '" unit "' has no row", "tools/layers.txt")
		layer[unit] = ""
	}
	n_files++
}

{
	text = strip($0)
	if (text ~ /^[ \t]*#[ \t]*include/)
		check_include(text)
	else
		check_calls(text)
}

END {
	if (bad) {
		printf "check-layers: %d violations\n", bad
		exit 1
	}
	printf "check-layers: %d files keep the layers\n", n_files
}
