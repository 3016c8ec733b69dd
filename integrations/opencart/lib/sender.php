<?php
namespace Pannier;

/** One signed request to Pannier: Standard Webhooks, as docs/platforms/generic.md says. */
class Sender
{
	private $target;

	/** How far Pannier's clock is ahead of ours, in seconds; found out with each answer. */
	public $clockOffset;

	public function __construct(array $target)
	{
		$this->target = $target;
		$this->clockOffset = (int)($target['clock_offset'] ?? 0);
	}

	/**
	 * Sends messages. A refusal for the clock's sake is tried once more by Pannier's own.
	 *
	 * @return array [HTTP status, 0 = no answer; text for people]
	 */
	public function send(array $messages, int $timeoutS = 15): array
	{
		$body = json_encode($messages, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
		$before = $this->clockOffset;
		$answer = $this->post($body, $timeoutS);

		if ($answer[0] === 401 && abs($this->clockOffset - $before) > 60) {
			$answer = $this->post($body, $timeoutS);
		}

		return $answer;
	}

	private function post(string $body, int $timeoutS): array
	{
		$id = 'oc_' . bin2hex(random_bytes(12));
		$at = (string)(time() + $this->clockOffset);
		$headers = ['Content-Type: application/json', 'Expect:', 'webhook-id: ' . $id, 'webhook-timestamp: ' . $at,
			'webhook-signature: v1,' . self::signature($this->target['secret'], $id, $at, $body)];
		$handle = curl_init($this->target['url']);
		curl_setopt_array($handle, [
			CURLOPT_POST => true,
			CURLOPT_POSTFIELDS => $body,
			CURLOPT_HTTPHEADER => $headers,
			CURLOPT_RETURNTRANSFER => true,
			CURLOPT_CONNECTTIMEOUT => 3,
			CURLOPT_TIMEOUT => $timeoutS,
			CURLOPT_FOLLOWLOCATION => false,
			CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
			CURLOPT_HEADERFUNCTION => [$this, 'header'],
		]);
		$text = curl_exec($handle);
		$status = (int)curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
		$problem = curl_error($handle);
		unset($handle);

		return [$status, $text === false ? $problem : Shop::cut((string)$text, 500)];
	}

	public function header($handle, string $line): int
	{
		if (stripos($line, 'date:') === 0 && ($theirs = strtotime(trim(substr($line, 5))))) {
			$offset = $theirs - time();
			$this->clockOffset = abs($offset) > 5 ? $offset : 0;
		}

		return strlen($line);
	}

	public static function signature(string $secret, string $id, string $at, string $body): string
	{
		$key = strpos($secret, 'whsec_') === 0 ? (string)base64_decode(substr($secret, 6), true) : $secret;

		return base64_encode(hash_hmac('sha256', $id . '.' . $at . '.' . $body, $key, true));
	}
}
