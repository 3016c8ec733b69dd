<?php
namespace Pannier;

/**
 * What the shop holds, for whoever has the secret of a connection: a signed POST of {"kind", "after", "limit", "ids_only"} is answered
 * with a page of the messages that would be sent, and the id to go on after. Signed as requests to Pannier are.
 */
class Pull
{
	const LIMIT_MAX = 500;
	const IDS_MAX = 5000;
	/** Of a page; whoever asks may not take more. */
	const BYTES_MAX = 4000000;
	const TOLERANCE_S = 300;

	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	/** [HTTP status, value for JSON] */
	public function answer(string $body, array $server): array
	{
		$target = $this->sender($body, $server);
		$ask = json_decode($body, true);

		if (!$target) {
			return [401, ['error' => 'the signature does not fit']];
		}
		if (!is_array($ask) || !isset(History::KINDS[$ask['kind'] ?? ''])) {
			return [400, ['error' => 'kind is none of ' . implode(', ', array_keys(History::KINDS))]];
		}

		return [200, $this->page($target, $ask['kind'], max(0, (int)($ask['after'] ?? 0)), (int)($ask['limit'] ?? 50), !empty($ask['ids_only']))];
	}

	private function page(array $target, string $kind, int $after, int $limit, bool $idsOnly): array
	{
		$limit = max(1, min($limit, $idsOnly ? self::IDS_MAX : self::LIMIT_MAX));
		$history = new History($this->shop, new Outbox($this->shop));

		if ($idsOnly) {
			$ids = $history->ids($kind, $after, $limit);
			return ['ids' => array_map('strval', $ids), 'next' => count($ids) === $limit ? end($ids) : null];
		}
		list($messages, $last, $n, $more) = $history->read(new Context($this->shop, $target), $kind, $after, $limit, self::BYTES_MAX);

		return ['messages' => $messages, 'looked_at' => $n, 'next' => $more ? $last : null] + ($after ? [] : ['total' => $history->count($kind)]);
	}

	/** The connection whose secret signed this, or null. */
	private function sender(string $body, array $server)
	{
		$id = (string)($server['HTTP_WEBHOOK_ID'] ?? '');
		$at = (string)($server['HTTP_WEBHOOK_TIMESTAMP'] ?? '');
		$signatures = explode(' ', (string)($server['HTTP_WEBHOOK_SIGNATURE'] ?? ''));

		foreach ($this->shop->rows("SELECT * FROM {pannier_target} WHERE status = 1") as $target) {
			$wanted = 'v1,' . Sender::signature($target['secret'], $id, $at, $body);
			foreach ($signatures as $signature) {
				if (hash_equals($wanted, $signature) && $this->isNow($at, $target)) {
					return $target;
				}
			}
		}

		return null;
	}

	private function isNow(string $at, array $target): bool
	{
		return ctype_digit($at) && abs((int)$at - time() - (int)$target['clock_offset']) <= self::TOLERANCE_S;
	}
}
