/*
 * The one search: an id, SKU, order number or address, also within a question.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { address, read } from "../core/api.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Empty, Foreign, Page, ProblemNote, Section, Skeleton } from "../parts/base.js";
import { Answer } from "../parts/answer.js";

const TRIED_MAX = 4;
const SHOWN_ANSWERS = 3;

/* "where is my order #1042?" -> ["where is my order #1042?", "1042"] */
export function candidates(question) {
	const words = question.split(/\s+/).map((word) => word.replace(/^[#"'(]+|[?!,.;:"')]+$/g, ""));
	const telling = words.filter((word) => /\d|@/.test(word));

	return [...new Set([question, ...telling])].slice(0, TRIED_MAX);
}

function useMatches(question) {
	const [state, setState] = useState({ items: undefined, error: null });

	useEffect(() => {
		let current = true;

		setState({ items: undefined, error: null });
		Promise.all(candidates(question).map((q) => read(address("/search", { q })))).then((pages) => {
			const found = new Map();

			for (const row of pages.flatMap((page) => page.items))
				found.set([row.store, row.kind, row.id].join("\n"), row);
			if (current)
				setState({ items: [...found.values()], error: null });
		}, (error) => current && setState({ items: undefined, error }));
		return () => { current = false; };
	}, [question]);
	return state;
}

function Match({ row, answered }) {
	const about = row.root || { kind: row.kind, id: row.id };
	const story = useRead(answered ? address("/story", { about: about.id, store: row.store }) : null, { live: true });

	return html`<${Section} title=${row.title || `${t(`kind.${row.kind}`)} ${row.id}`}
		note=${html`${t(`kind.${row.kind}`)} <${Foreign} text=${row.id} /> · <${Foreign} text=${row.store} />`}
		actions=${html`<a class="button" href=${href("story", about.id, { store: row.store, kind: about.kind })}>${t("act.story")}</a>`}>
		${story.data && html`<${Answer} story=${story.data} />`}
	<//>`;
}

function Direct({ question }) {
	const session = useSession(), email = candidates(question).find((word) => /^\S+@\S+$/.test(word));
	const id = candidates(question).find((word) => /^[md][0-9a-z]{3,}$/i.test(word));

	return html`${email && may(session, "people:read") && html`<${Section} title=${email}
			actions=${html`<a class="button main" href=${href("people", { q: email })}>${t("search.person")}</a>`}>${t("search.person.text")}<//>`}
		${id && html`<p><a href=${href("story", id)}>${t("search.id", { id })}</a></p>`}`;
}

export default function Search({ query }) {
	const question = (query.q || "").trim(), matches = useMatches(question);

	return html`<${Page} title=${t("search.title", { q: question })}>
		<${Direct} question=${question} />
		<${ProblemNote} error=${matches.error} />
		${!matches.items && !matches.error && html`<${Skeleton} />`}
		${matches.items && matches.items.length === 0 && html`<${Empty} title=${t("search.none")}>${t("search.none.text")}<//>`}
		${matches.items && matches.items.map((row, i) => html`<${Match} key=${row.store + row.kind + row.id} row=${row} answered=${i < SHOWN_ANSWERS} />`)}
	<//>`;
}
