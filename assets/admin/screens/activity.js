/*
 * Everything that happened, newest first, as it happens.
 *
 * Keeps:  the filters are the address of the page, so that it can be sent to somebody; a row of before is
 *         never asked for twice.
 */
import { html, useCallback, useEffect, useRef, useState } from "../core/dom.js";
import { address, fileAddress, read } from "../core/api.js";
import { go, href } from "../core/router.js";
import { useLive } from "../core/live.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Button, Empty, Foreign, Page, ProblemNote, Skeleton, Tag, Time } from "../parts/base.js";
import { Filters } from "../parts/filters.js";
import { Rows } from "../parts/rows.js";
import { sentenceOf, storyOf, toneOf } from "../parts/activity_line.js";

const PAGE = 200;
const KEEP = 100000;

/* The filters as the API has them. */
function filtersOf(query) {
	const { store, code, message, delivery, kind, id, since, until } = query;

	return { store, code, message, delivery, kind, id, since, until };
}

async function readPage(filters, cursor) {
	return read(address("/activity", { ...filters, cursor, limit: PAGE }));
}

/* Rows that are newer than the first known one. */
function newer(rows, items) {
	const first = items.length ? BigInt(items[0].id) : 0n;

	return rows.filter((row) => BigInt(row.id) > first);
}

/* { items, error, loading, more }: all that was read so far; more reads the next page, if any. */
function useActivity(filters) {
	const key = JSON.stringify(filters), busy = useRef(false), current = useRef(key);
	const [state, setState] = useState({ key, items: [], next: undefined, error: null });

	current.current = key;
	const load = useCallback(async (cursor) => {
		if (busy.current === key + cursor)
			return;
		busy.current = key + cursor;
		try {
			const page = await readPage(JSON.parse(key), cursor);

			if (current.current === key)
				setState((before) => ({
					key, items: cursor && before.key === key ? before.items.concat(page.items) : page.items,
					next: page.next, error: null, searchedTo: page.searched_to
				}));
		} catch (error) {
			if (current.current === key)
				setState((before) => ({ ...before, key, error }));
		} finally {
			busy.current = false;
		}
	}, [key]);

	useEffect(() => {
		setState({ key, items: [], next: undefined, error: null });
		load("");
	}, [load]);
	useLive(async () => {
		if (filters.until || state.key !== key || state.next === undefined)
			return;
		const page = await readPage(filters, "").catch(() => null);

		if (page && current.current === key)
			setState((before) => ({
				...before, items: newer(page.items, before.items).concat(before.items).slice(0, KEEP)
			}));
	});
	const more = useCallback(() => load(state.next), [load, state.next]);
	return {
		...state, loading: state.next === undefined && !state.error, more: state.next ? more : null,
		again: () => load(state.next || "")
	};
}

function Row({ row }) {
	const link = storyOf(row);
	const body = html`
		<span class="row-time"><${Time} at=${row.at} exact="short" /></span>
		<span class="row-what"><${Tag} tone=${toneOf(row.code)}>${sentenceOf(row)}<//></span>
		<span class="row-about">${row.entity ?
			html`<span class="soft">${t(`kind.${row.entity.kind}`)} </span><${Foreign} text=${row.entity.id} />` :
			html`<span class="soft">${row.delivery || row.message || ""}</span>`}</span>
		<span class="row-reason"><${Foreign} text=${row.reason} /></span>
		<span class="row-store soft"><${Foreign} text=${row.store || row.account || ""} /></span>`;

	return link ? html`<a class="row" href=${link}>${body}</a>` : html`<div class="row">${body}</div>`;
}

function Export({ filters }) {
	return html`${["csv", "ndjson"].map((format) => html`<a key=${format} class="button" download
		href=${fileAddress("/activity/export", { ...filters, format })}>${t(`export.${format}`)}</a>`)}`;
}

export default function Activity({ query }) {
	const filters = filtersOf(query), activity = useActivity(filters);
	const stores = useRead("/stores"), codes = useRead("/activity/codes");
	const set = (change) => go(href("activity", { ...filters, ...change }), { replace: true });
	const filtered = Object.values(filters).some(Boolean);

	return html`<${Page} title=${t("nav.activity")} wide=${true}
		actions=${html`<${Export} filters=${filters} />`}>
		<${Filters} filters=${filters} stores=${stores.data} codes=${codes.data} onChange=${set} />
		${activity.error && html`<${ProblemNote} error=${activity.error} retry=${activity.again} />`}
		${activity.loading && html`<${Skeleton} lines=${10} />`}
		${!activity.loading && activity.items.length === 0 && !activity.more && html`<${Empty}
			title=${filtered ? t("activity.none") : t("activity.empty")}
			actions=${filtered && html`<${Button} onClick=${() => go(href("activity"))}>${t("filters.clear")}<//>`}>
			${filtered ? t("activity.none.text") : t("activity.empty.text")}<//>`}
		${activity.more && activity.items.length < PAGE && html`<p class="soft" role="status">
			${t("activity.looking")} <${Time} at=${activity.searchedTo} exact=${true} /></p>`}
		${(activity.items.length > 0 || activity.more) && html`<${Rows} items=${activity.items}
			keyOf=${(row) => row.id} height=${44} narrow=${96} more=${activity.more} label=${t("nav.activity")}
			row=${(row) => html`<${Row} row=${row} />`} />`}
	<//>`;
}
