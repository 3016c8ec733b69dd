/*
 * Back from Klaviyo: the code becomes a connection, once; its address keeps neither code nor state.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { send } from "../core/api.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Foreign, Notice, Page, ProblemNote, Section, Skeleton } from "../parts/base.js";
import { CheckResult } from "../parts/check_result.js";
import { wasFirst } from "../parts/oauth.js";
import { Steps } from "../parts/steps.js";

function Next({ done, first }) {
	const to = done.added ? href("store", { account: done.account, first: first ? "1" : "" })
		: href("settings", "accounts", done.account);

	return html`<div class="actions end"><a class="button main" href=${to}>
		${done.added ? t("oauth.store") : t("oauth.account")}</a></div>`;
}

export default function Connected({ query }) {
	const [answer] = useState(query), [done, setDone] = useState(null), first = wasFirst();
	const [run, state] = useAction(async () => setDone(await send("/connection/finish",
		answer.code ? { state: answer.state || "", code: answer.code }
			: { state: answer.state || "", error: answer.error_description || answer.error || "" })));

	useEffect(() => {
		history.replaceState(null, "", href("connected"));
		run();
	}, []);
	return html`<${Page} title=${t("connect.title")}>
		${first && html`<${Steps} at="klaviyo" />`}
		<${Section} id="key">
			${!done && !state.error && html`<p role="status">${t("oauth.busy")}</p><${Skeleton} lines=${4} />`}
			${state.error && html`<${ProblemNote} error=${state.error} kept=${t("connect.kept")} />
				<div class="actions end"><a class="button main" href=${href("connect", { first: first ? "1" : "" })}>
					${t("oauth.again")}</a></div>`}
			${done && html`<${Notice} tone="good" title=${t("oauth.done")}>
				<p><${Foreign} text=${done.account} /></p><//>
				<${CheckResult} check=${done.check} /><${Next} done=${done} first=${first} />`}
		<//>
	<//>`;
}
