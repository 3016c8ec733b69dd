/* "placed_order=on, shipped_order=off" as rows, and back. */
export function pairsOf(text) {
	return text.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
		const at = part.indexOf("=");

		return at < 0 ? [part, ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
	});
}

export function textOf(pairs) {
	return pairs.filter(([name]) => name.trim()).map(([name, value]) => `${name.trim()}=${value.trim()}`).join(", ");
}
