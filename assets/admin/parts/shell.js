/*
 * Around every screen: where one can go, the one search, who is signed in, and whether the daemon answers.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { t } from "../core/strings.js";
import { go, href } from "../core/router.js";
import { may, signOut } from "../core/session.js";
import { Icon, Notice } from "./base.js";
import { Form } from "./form.js";
import { Toasts } from "./toast.js";

/* name of the screen, scope that it needs */
const NAV = [
	["overview", "overview:read"], ["activity", "activity:read"], ["failed", "activity:read"], ["held", "activity:read"],
	["catalog", "activity:read"], ["people", "people:read"], ["sync", "overview:read"], ["settings", "settings:read"],
	["users", "users:read"]
];

function Search() {
	const [text, setText] = useState("");

	return html`<${Form} class="search" role="search" onSubmit=${() => text.trim() && go(href("search", { q: text.trim() }))}>
		<input type="search" id="search" dir="auto" value=${text} aria-label=${t("search.label")} placeholder=${t("search.hint")}
			autocomplete="off" onInput=${(event) => setText(event.target.value)} />
		<button type="submit" class="button plain small" aria-label=${t("search.do")}><${Icon} name="search" /></button>
	<//>`;
}

/* "/" goes to the search, as in most programs. */
function useSearchKey() {
	useEffect(() => {
		const press = (event) => {
			const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);

			if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey)
				return;
			event.preventDefault();
			document.getElementById("search").focus();
		};

		document.addEventListener("keydown", press);
		return () => document.removeEventListener("keydown", press);
	}, []);
}

export function Shell({ session, screen, online, onSignedOut, children }) {
	const [open, setOpen] = useState(false);

	useSearchKey();
	useEffect(() => setOpen(false), [screen]);
	async function leave() {
		await signOut().catch(() => null);
		onSignedOut();
	}
	return html`<div class=${open ? "shell open" : "shell"}>
		<a class="skip" href="#main">${t("nav.skip")}</a>
		<header class="top">
			<button type="button" class="button plain menu" aria-expanded=${open ? "true" : "false"} aria-controls="nav"
				aria-label=${t("nav.menu")} onClick=${() => setOpen(!open)}><${Icon} name=${open ? "close" : "menu"} /></button>
			<a class="brand" href=${href()}>Pannier</a>
			<${Search} />
			<a class="who" href=${href("me")} dir="auto" title=${session.user.name}>${session.user.name}</a>
			<button type="button" class="button plain small" aria-label=${t("nav.sign_out")} title=${t("nav.sign_out")} onClick=${leave}>
				<${Icon} name="out" /></button>
		</header>
		<nav class="side" id="nav" aria-label=${t("nav.label")}>
			<ul>${NAV.filter(([, scope]) => may(session, scope)).map(([name]) => html`<li key=${name}>
				<a href=${name === "overview" ? href() : href(name)} aria-current=${screen === name ? "page" : undefined}>${t(`nav.${name}`)}</a>
			</li>`)}</ul>
			<p class="version">Pannier ${session.version}</p>
		</nav>
		<main class="main" id="main" tabindex="-1">
			${!online && html`<${Notice} tone="warn" title=${t("offline.title")}>${t("offline.text")}<//>`}
			${children}
		</main>
		<${Toasts} />
	</div>`;
}
