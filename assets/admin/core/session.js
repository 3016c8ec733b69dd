/*
 * Who is signed in, for every screen.
 */
import { createContext, useContext } from "./dom.js";
import { forget, read, request, send, setCsrf } from "./api.js";

export const SessionContext = createContext(null);
export const useSession = () => useContext(SessionContext);

function take(session) {
	setCsrf(session.csrf);
	return session;
}

export const loadSession = async () => take(await read("/session"));
export const signIn = async (body) => take(await send("/session", body));
export const setUp = async (body) => take(await send("/setup", body));
export const acceptInvitation = (body) => send("/invitations/accept", body);

export async function signOut() {
	await request("DELETE", "/session");
	forget();
}

/* The defaults for all stores are for owners who are not limited to some. */
export const mayDefaults = (session) => may(session, "accounts:write") && session.user.stores === null;

/* May this session do it? scope as in docs/admin-api.md */
export function may(session, scope) {
	return Boolean(session && session.user && session.user.scopes.includes(scope));
}
