<?php
namespace Pannier;

/**
 * Empties the outbox. One at a time in a shop: who comes second leaves, and what it came for is taken by the first.
 *
 * Runs in a request of its own (kick), never in one that somebody waits for.
 */
class Flush
{
	const BATCH_ROWS = 50;
	const BATCH_BYTES = 700000;
	const BACKOFF_MAX_S = 900;
	const KICK_TIMEOUT_S = 0.3;
	/** A run ends after this, before a web server or proxy would end it; our own setting run_seconds is another time. */
	const RUN_S = 25;
	const PASS_ON_US = 300000;

	private $shop;
	private $outbox;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
		$this->outbox = new Outbox($shop);
	}

	/* ---- starting it ---- */

	/**
	 * After this request's answer: asks the shop itself for the flush page and does not wait. Costs a connection on the machine's own
	 * side, whether Pannier can be reached or not. Once for each request.
	 */
	public static function kickLater(Shop $shop)
	{
		static $planned = false;

		if (!$planned) {
			$planned = true;
			register_shutdown_function(function () use ($shop) {
				guarded($shop, function () use ($shop) {
					if (!(new Outbox($shop))->isDue()) {
						return;
					}
					(new self($shop))->kick(self::answerIsOut());
				});
			});
		}
	}

	/** Lets the visitor go, where PHP can. */
	private static function answerIsOut(): bool
	{
		foreach (['fastcgi_finish_request', 'litespeed_finish_request'] as $finish) {
			if (function_exists($finish)) {
				return (bool)$finish();
			}
		}

		return false;
	}

	/** @param bool $unwatched  nobody waits for this request any more: stay until the web server has certainly passed ours on */
	public function kick(bool $unwatched = false)
	{
		$base = defined('HTTP_CATALOG') ? HTTP_CATALOG : HTTP_SERVER;
		$url = parse_url($base) + ['scheme' => 'http', 'host' => 'localhost', 'path' => '/'];
		$secure = $url['scheme'] === 'https';
		$host = $url['host'] . (isset($url['port']) ? ':' . $url['port'] : '');
		$address = ($secure ? 'ssl://' : 'tcp://') . $url['host'] . ':' . ($url['port'] ?? ($secure ? 443 : 80));
		$path = $url['path'] . 'index.php?route=' . $this->shop->route('flush') . '&key=' . $this->shop->own('flush_key');
		$context = stream_context_create(['ssl' => ['verify_peer' => false, 'verify_peer_name' => false, 'peer_name' => $url['host']]]);
		$socket = @stream_socket_client($address, $number, $problem, self::KICK_TIMEOUT_S, STREAM_CLIENT_CONNECT, $context);

		if ($socket) {
			fwrite($socket, "GET $path HTTP/1.1\r\nHost: $host\r\nUser-Agent: Pannier\r\nConnection: close\r\n\r\n");
			if ($unwatched) {
				stream_set_timeout($socket, 0, self::PASS_ON_US);
				fread($socket, 1);
			}
			fclose($socket);
		}
	}

	/* ---- the run ---- */

	/** Until there is nothing left; when the time is over, another request goes on. Returns messages sent. */
	public function run(): int
	{
		$seconds = (int)$this->shop->own('run_seconds', (string)self::RUN_S);
		$until = microtime(true) + $seconds;
		$sent = 0;

		ignore_user_abort(true);
		@set_time_limit($seconds + 60);
		do {
			if (!$this->shop->value("SELECT GET_LOCK(?, 0)", [$this->lockName()])) {
				return $sent;
			}
			try {
				$now = $this->runTargets($until);
			} finally {
				$this->shop->run("DO RELEASE_LOCK(?)", [$this->lockName()]);
			}
			$sent += $now;
			/* Whoever recorded something meanwhile found the lock taken and has left. */
			$more = $this->outbox->isDue();
		} while ($more && microtime(true) < $until);
		if ($more) {
			$this->kick();
		}

		return $sent;
	}

	private function lockName(): string
	{
		return 'pannier_' . substr(md5(DB_DATABASE . DB_PREFIX), 0, 16);
	}

	private function runTargets(float $until): int
	{
		$sent = 0;

		foreach ($this->shop->rows("SELECT * FROM {pannier_target} WHERE status = 1 AND next_at <= ?", [time()]) as $target) {
			$context = new Context($this->shop, $target);
			$sender = new Sender($target);
			$going = true;
			while ($going && microtime(true) < $until && ($rows = $this->outbox->due((int)$target['target_id'], self::BATCH_ROWS))) {
				$n = $this->sendRows($context, $sender, $rows);
				$going = $n >= 0;
				$sent += max(0, $n);
			}
			if ($going) {
				$sent += (new History($this->shop, $this->outbox))->run($context, $sender, $until, $this);
			}
			$context->leave();
		}

		return $sent;
	}

	/** Messages sent; -1: not taken, the rows stay. */
	private function sendRows(Context $context, Sender $sender, array $rows): int
	{
		$rendered = new Rendered($context, $this->outbox);
		$taken = [];

		foreach (['product', 'order'] as $kind) {
			$rendered->load($kind, array_column(array_filter($rows, function ($row) use ($kind) {
				return $row['kind'] === $kind;
			}), 'entity'));
		}
		foreach ($rows as $row) {
			if ($rendered->bytes() > self::BATCH_BYTES) {
				break;
			}
			/* What cannot be read is noted and left behind: it must not hold up what comes after it. */
			guarded($this->shop, function () use ($rendered, $row) {
				$rendered->add($row);
			});
			$taken[] = $row;
		}
		$rendered->plan();
		if ($rendered->messages() && !$this->deliver($context->target, $sender, $rendered->messages())) {
			return -1;
		}
		$this->outbox->settle((int)$context->target['target_id'], $taken);

		return count($rendered->messages());
	}

	/**
	 * Hands messages over. What Pannier refuses for what it is (400, 413) is noted message by message and left behind, so that one
	 * bad message does not hold up all that come after it.
	 */
	public function deliver(array $target, Sender $sender, array $messages): bool
	{
		list($status, $text) = $sender->send($messages);

		if ($status >= 200 && $status < 300) {
			$this->succeeded($target, $sender);
			return true;
		}
		if (($status === 400 || $status === 413) && count($messages) > 1) {
			$half = intdiv(count($messages), 2);
			return $this->deliver($target, $sender, array_slice($messages, 0, $half)) && $this->deliver($target, $sender, array_slice($messages, $half));
		}
		if ($status === 400 || $status === 413) {
			$this->shop->log((int)$target['target_id'], 'refused: ' . $messages[0]['type'] . ' ' . $messages[0]['id'] . ': ' . $text);
			return true;
		}
		$this->failed($target, $sender, $status, $text);

		return false;
	}

	private function succeeded(array $target, Sender $sender)
	{
		$this->shop->run("UPDATE {pannier_target} SET failures = 0, next_at = 0, last_error = '', last_ok_at = ?, clock_offset = ? WHERE target_id = ?",
			[time(), $sender->clockOffset, (int)$target['target_id']]);
	}

	private function failed(array $target, Sender $sender, int $status, string $text)
	{
		$failures = (int)$this->shop->value("SELECT failures FROM {pannier_target} WHERE target_id = ?", [(int)$target['target_id']]) + 1;
		$wait = min(self::BACKOFF_MAX_S, 2 << min($failures, 12));
		$error = ($status ? $status . ' ' : 'no answer: ') . $text;

		$this->shop->run("UPDATE {pannier_target} SET failures = ?, next_at = ?, last_error = ?, clock_offset = ? WHERE target_id = ?",
			[$failures, time() + $wait, Shop::cut($error, 500), $sender->clockOffset, (int)$target['target_id']]);
		if ($failures === 1) {
			$this->shop->log((int)$target['target_id'], $error);
		}
	}
}

/** The messages of one batch: each thing once, with the number of its newest change. */
class Rendered
{
	private $context;
	private $outbox;
	private $catalog;
	private $order;
	private $people;
	private $message = [];
	private $bytes = 0;
	private $shopId;
	/** kind => id => when it looks different by itself, 0 = never; of products and orders */
	private $planned = [];

	/** $orders: one that has read them already */
	public function __construct(Context $context, Outbox $outbox, $orders = null)
	{
		$this->context = $context;
		$this->outbox = $outbox;
		$this->catalog = new CatalogRenderer($context);
		$this->order = $orders ?: new OrderRenderer($context);
		$this->people = new PeopleRenderer($context);
		$this->shopId = $context->shop->own('shop_id');
	}

	public function bytes(): int
	{
		return $this->bytes;
	}

	public function messages(): array
	{
		return array_values($this->message);
	}

	/** Reads at once what these need one by one. */
	public function load(string $kind, array $ids)
	{
		if ($kind === 'product' && $ids) {
			$this->catalog->load($ids);
		} elseif ($kind === 'order' && $ids) {
			$this->order->load($ids);
		}
	}

	public function add(array $row)
	{
		$sequence = $row['outbox_id'];

		switch ($row['kind']) {
			case 'product_scan':
			case 'category_scan':
			case 'customer_scan':
				return $this->scan(substr($row['kind'], 0, -5), (int)$row['entity'], $sequence);
			case 'cart':
			case 'checkout':
				return $this->put('event-' . $sequence, $sequence, (int)$row['at'],
					Cart::message($this->context, $row['kind'], json_decode((string)$row['payload'], true)), false);
			case 'order_deleted':
				$payload = json_decode((string)$row['payload'], true);
				return $payload['store_id'] === $this->context->storeId
					? $this->put('order_deleted-' . $row['entity'], $sequence, (int)$row['at'], $this->order->deleted((int)$row['entity'])) : null;
			default:
				return $this->one($row['kind'], (int)$row['entity'], $sequence, (int)$row['at'], false);
		}
	}

	/** What came after a save that was never finished. */
	private function scan(string $table, int $after, string $sequence)
	{
		$ids = array_column($this->context->shop->rows("SELECT " . $table . "_id AS id FROM {" . $table . "} WHERE " . $table . "_id > ? ORDER BY 1 LIMIT 1000", [$after]), 'id');

		$this->load($table, $ids);
		foreach ($ids as $id) {
			$this->one($table, (int)$id, $sequence, time(), false);
		}
	}

	public function one(string $kind, int $id, string $sequence, int $at, bool $historical)
	{
		$key = $kind . '-' . $id;

		if (isset($this->message[$key])) {
			$this->message[$key]['sequence'] = (int)$sequence;
			$this->message[$key]['id'] = $this->id($key, $sequence);
			return;
		}
		$this->put($key, $sequence, $at, $this->render($kind, $id, $historical));
		if ($kind === 'product') {
			$this->planned[$kind][$id] = $this->catalog->changesAt;
		} elseif ($kind === 'order' && $this->order->changesAt) {
			$this->planned[$kind][$id] = $this->order->changesAt;
		}
	}

	/** What looks different by itself is looked at again then: to be called when all is added. */
	public function plan()
	{
		foreach ($this->planned as $kind => $at) {
			$this->outbox->plan((int)$this->context->target['target_id'], $kind, $at);
		}
	}

	private function render(string $kind, int $id, bool $historical)
	{
		switch ($kind) {
			case 'product':
				return $this->catalog->product($id);
			case 'category':
				return $this->catalog->category($id);
			case 'order':
				return $this->order->order($id, $historical);
			case 'customer':
				return $this->people->customer($id);
			case 'consent':
				return $this->people->consent($id);
			case 'subscriber':
				return $this->people->subscriber($id);
			case 'shop':
				return (new ShopRenderer($this->context))->shop();
		}

		return null;
	}

	private function id(string $key, string $sequence): string
	{
		return $this->shopId . '-' . $sequence . '-' . $key;
	}

	private function put(string $key, string $sequence, int $at, $typed, bool $sequenced = true)
	{
		if (!$typed) {
			return;
		}
		$message = [
			'id' => $this->id($key, $sequence),
			'type' => $typed[0],
			'timestamp' => Shop::timeText(min($at + (int)$this->context->target['clock_offset'], $this->context->now)),
			'source' => 'opencart/' . $this->shopId . '/' . $this->context->storeId,
		];
		if ($sequenced) {
			$message['sequence'] = (int)$sequence;
		}
		$message['data'] = $typed[1];
		$this->message[$key] = $message;
		$this->bytes += strlen(json_encode($message, JSON_INVALID_UTF8_SUBSTITUTE));
	}
}
