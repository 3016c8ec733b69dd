/* Who was invited chooses a password. */
import { html, useState } from "../core/dom.js";
import { acceptInvitation, loadSession } from "../core/session.js";
import { go, href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, ProblemNote } from "../parts/base.js";
import { Form } from "../parts/form.js";
import { PasswordField, passwordProblem } from "../parts/password.js";

export default function Invitation({ token, onEnter }) {
	const [password, setPassword] = useState(""), [tried, setTried] = useState(false);
	const [run, state] = useAction(async () => {
		await acceptInvitation({ token, password });
		go(href(), { replace: true });
		onEnter(await loadSession());
	});

	function submit() {
		setTried(true);
		if (!passwordProblem(password))
			run();
	}
	return html`<div class="card gate">
		<h1>${t("invitation.title")}</h1><p class="lead">${t("invitation.lead")}</p>
		<${Form} onSubmit=${submit}>
			<${PasswordField} label=${t("password.new")} value=${password} onValue=${setPassword} tried=${tried} />
			<${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} type="submit" kind="main" busy=${state.busy}>${t("invitation.do")}<//></div>
		<//>
	</div>`;
}
