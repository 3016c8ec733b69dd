/*
 * Start: who is here, and which screen.
 *
 * Keeps:  a screen with something half written is not taken away when the session ends: signing in lies above it.
 */
import { html, render, useEffect, useState } from "./core/dom.js";
import { onChange } from "./core/api.js";
import { loadSession, SessionContext } from "./core/session.js";
import { useRoute } from "./core/router.js";
import { t } from "./core/strings.js";
import { Loaded, ProblemNote, Skeleton } from "./parts/base.js";
import { Dialog } from "./parts/dialog.js";
import { Shell } from "./parts/shell.js";

/* One file each, loaded when it is first shown. */
const SCREENS = {
	overview: () => import("./screens/overview.js"), activity: () => import("./screens/activity.js"),
	story: () => import("./screens/story.js"), failed: () => import("./screens/failed.js"), held: () => import("./screens/held.js"),
	catalog: () => import("./screens/catalog.js"), people: () => import("./screens/people.js"),
	search: () => import("./screens/search.js"), sync: () => import("./screens/sync.js"),
	settings: () => import("./screens/settings.js"), users: () => import("./screens/users.js"), me: () => import("./screens/me.js"),
	connect: () => import("./screens/connect.js"), connected: () => import("./screens/connected.js"), store: () => import("./screens/add_store.js"),
	waiting: () => import("./screens/waiting.js"), missing: () => import("./screens/missing.js"),
	setup: () => import("./screens/setup.js"), sign_in: () => import("./screens/sign_in.js"),
	invitation: () => import("./screens/invitation.js")
};

/* { view, error }; the screen of before stays until the next is there. */
function useScreen(name) {
	const [state, setState] = useState({ view: null, error: null });

	useEffect(() => {
		let current = true;

		SCREENS[name]().then(
			(module) => current && setState({ name, view: module.default, error: null }),
			() => current && setState({ name, view: null, error: { code: "offline", status: 0 } }));
		return () => { current = false; };
	}, [name]);
	return state;
}

function Screen({ name, ...rest }) {
	const state = useScreen(name);

	if (state.error)
		return html`<${ProblemNote} error=${state.error} retry=${() => location.reload()} />`;
	if (!state.view || state.name !== name)
		return html`<div class="page"><${Skeleton} lines=${6} /></div>`;
	return html`<${state.view} ...${rest} />`;
}

/* Before anybody is signed in. */
function outsideScreen(session, route) {
	if (route.hash.startsWith("invitation="))
		return ["invitation", { token: route.hash.slice("invitation=".length) }];
	if (session.setup)
		return ["setup", { code: route.hash.startsWith("setup=") ? route.hash.slice("setup=".length) : "" }];
	return ["sign_in", {}];
}

function screenName(parts) {
	if (parts.length === 0)
		return "overview";
	return SCREENS[parts[0]] ? parts[0] : "missing";
}

function App() {
	const [session, setSession] = useState(undefined), [error, setError] = useState(null);
	const [online, setOnline] = useState(true), [signedOut, setSignedOut] = useState(false);
	const route = useRoute();
	const load = () => loadSession().then((value) => { setSession(value); setError(null); }, setError);

	useEffect(() => {
		load();
		return onChange((change) => {
			if (change.online !== undefined)
				setOnline(change.online);
			if (change.signedOut)
				setSignedOut(true);
		});
	}, []);
	const enter = (value) => {
		setSession(value);
		setSignedOut(false);
	};

	if (session === undefined)
		return html`<main class="outside"><${Loaded} read=${{ data: undefined, error, reload: load }} /></main>`;
	if (!session.signed_in || route.hash.startsWith("invitation=")) {
		const [name, rest] = outsideScreen(session, route);

		return html`<main class="outside"><${Screen} name=${name} ...${rest} onEnter=${enter} /></main>`;
	}
	const name = screenName(route.parts);

	return html`<${SessionContext.Provider} value=${session}>
		<${Shell} session=${session} screen=${name} online=${online} onSignedOut=${load}>
			<${Screen} name=${name} key=${name} parts=${route.parts.slice(1)} query=${route.query} reloadSession=${load} />
		<//>
		${signedOut && html`<${Dialog} title=${t("session.over")} fixed=${true}>
			<p>${t("session.kept")}</p><${Screen} name="sign_in" bare=${true} onEnter=${enter} /><//>`}
	<//>`;
}

/* No string ever becomes markup: the page's policy forbids it, and nothing here asks for it. */
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
