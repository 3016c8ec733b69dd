/*
 * The way through the settings of an account or store: a filter, and a list of the page's sections that shows where one is.
 *
 * Keeps:  a jump changes nothing in the address and loses no draft; the heading jumped to gets the focus.
 */
import { html, useEffect, useRef, useState } from "../core/dom.js";
import { number } from "../core/format.js";
import { t } from "../core/strings.js";
import { TextField } from "./form.js";

const NEAR_PX = 48; /* a heading so far below the bars counts as reached */

/* The id of the section at the top of what is seen; at the end of the page the last one. */
function sectionInView(ids, bar) {
	const there = ids.map((id) => document.getElementById(id)).filter(Boolean), root = document.documentElement;
	const across = bar.offsetWidth > bar.offsetHeight, box = bar.getBoundingClientRect();
	const edge = Math.max(0, across ? box.bottom : box.top) + NEAR_PX;
	const passed = there.filter((one) => one.getBoundingClientRect().top <= edge);

	if (there.length === 0)
		return "";
	if (root.scrollTop > 0 && root.scrollTop + root.clientHeight >= root.scrollHeight - 2)
		return there[there.length - 1].id;
	return (passed.pop() || there[0]).id;
}

/* The section that is looked at; one that was jumped to stays it until somebody scrolls. */
function useSection(ids, bar) {
	const [current, setCurrent] = useState(ids[0]), jumped = useRef(false), key = ids.join();

	useEffect(() => {
		const look = () => {
			if (!jumped.current && bar.current)
				setCurrent(sectionInView(ids, bar.current));
		};
		const scrolled = () => { jumped.current = false; };
		const resized = new ResizeObserver(look); /* what is read later moves the sections */

		resized.observe(document.body);
		addEventListener("scroll", look, { passive: true });
		for (const name of ["wheel", "touchmove", "keydown", "pointerdown"])
			addEventListener(name, scrolled, { passive: true });
		return () => {
			resized.disconnect();
			removeEventListener("scroll", look);
			for (const name of ["wheel", "touchmove", "keydown", "pointerdown"])
				removeEventListener(name, scrolled);
		};
	}, [key]);
	return [current, (id) => {
		jumped.current = true;
		setCurrent(id);
	}];
}

/* To a section, which is opened if it was shut. */
function jumpTo(id) {
	const section = document.getElementById(id), heading = section.querySelector("h2");

	if (section.tagName === "DETAILS")
		section.open = true;
	section.scrollIntoView({ block: "start" });
	heading.tabIndex = -1;
	heading.focus({ preventScroll: true });
}

/* rows: [[id of a section, its title, how many settings are found in it or null]...] */
export function SettingsNav({ rows, filter, onFilter, found }) {
	const bar = useRef(null), list = useRef(null);
	const [current, setCurrent] = useSection(rows.map(([id]) => id), bar);

	useEffect(() => {
		const link = list.current && list.current.querySelector("[aria-current]");

		if (link)
			list.current.scrollTo({ left: link.offsetLeft - list.current.offsetLeft - 16 });
	}, [current]);
	return html`<div class="finder">
			<${TextField} type="search" label=${t("settings.find")} help=${t("settings.find.help")} value=${filter} onValue=${onFilter} />
			<p class="note" role="status">${filter.trim() && (found ? t("settings.found", { n: number(found) }) : t("settings.found.none"))}</p></div>
		<nav class="jump" ref=${bar} aria-label=${t("settings.sections")}><ul ref=${list}>${rows.map(([id, title, n]) => html`<li key=${id}>
			<a href=${`#${id}`} aria-current=${id === current ? "location" : undefined} onClick=${(event) => {
		event.preventDefault();
		setCurrent(id);
		jumpTo(id);
	}}>${title}${n !== null && html` <span class="soft">${number(n)}</span>`}</a></li>`)}</ul></nav>`;
}
