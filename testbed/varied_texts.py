"""Fifty varied texts of a support room, written for this project: scripts, code, emoji, lengths."""

_LONG = (
    "We moved the billing service to the new cluster on Tuesday night. The first nodes came up"
    " without trouble, then the queue of invoices stopped at four thousand and did not move until"
    " Priya restarted the second consumer by hand. Since then the nightly run takes nine hours"
    " instead of two, the dashboard shows no errors, and the customers who pay by card get their"
    " receipts the day after. "
)

TEXTS = (
    "Nadia: The printer on the third floor jams whenever someone prints more than ten pages.",
    "Tomás: My order number is LR-48213-B, it was promised for Friday and is still not here.",
    "assistant: Your order left the warehouse this morning; the carrier expects it on Thursday.",
    "Priya: ok",
    "Jonas: 👍",
    "Jonas: 🎉🎉 it works!!! 🚀 thank you 🙏",
    "Mei: 我的订单还没有到，你能帮我查一下吗？",
    "Kenji: 昨日から管理画面にログインできません。パスワードの再設定もだめでした。",
    "Ji-woo: 결제는 됐는데 영수증이 오지 않았어요.",
    "Анна: После обновления приложение закрывается сразу после запуска.",
    "ليلى: لا أستطيع تغيير عنوان التوصيل في حسابي.",
    "דנה: איך אני מבטלת את המנוי שלי?",
    "Eleni: Πού μπορώ να βρω το τιμολόγιο του Μαρτίου;",
    "Zoë: Könnten Sie bitte prüfen, ob die Überweisung über 1.250,00 € angekommen ist?",
    "Łukasz: Drukarka znowu nie drukuje w kolorze, a toner jest nowy.",
    "Omar: def retry(call, attempts=3):\n    for n in range(attempts):\n        try:\n"
    "            return call()\n        except TimeoutError:\n            sleep(2 ** n)",
    'Ines: {"error": {"code": "E1047", "message": "lease expired", "retryable": true}}',
    "Sam: select conversation_id, count(*) from message group by 1 order by 2 desc limit 10;",
    "Sam: https://status.example.org/incidents/2024-11-03?lang=en#timeline",
    'Omar: curl -sS -X POST http://127.0.0.1:8000/api/v1/rooms -d \'{"name": "lobby"}\'',
    'Ines: Traceback (most recent call last):\n  File "worker.py", line 88, in run\n'
    "    raise LeaseExpired(job_id)\nLeaseExpired: 7f3a",
    "Ravi: error 0x80070057 (E_INVALIDARG) at C:\\Windows\\System32\\spool\\drivers",
    "Ravi: rm -rf node_modules && npm ci && npm run build -- --mode=staging",
    "Grace: I'm allergic to penicillin, please put that on my file before the appointment.",
    "Grace: My daughter Ada starts school on 3 September, so mornings are bad from then on.",
    "Hugo: last week you said that the refund takes five working days, it has been eleven",
    "Hugo: WHY IS NOBODY ANSWERING ME???",
    "Hugo: sorry. I was angry, it is not your fault.",
    "Fatima: The meeting moved from Monday 10:00 to Wednesday 14:30, room Lisbon, second floor.",
    "Fatima: Our wifi password for guests is on the board in the kitchen.",
    "assistant: I have noted that you prefer to be called in the afternoon.",
    "assistant: I could not find an invoice for March. Which address was it sent to?",
    "Noor: what about the second one?",
    "Noor: no, the other one",
    "Petra: 3.14159 2.71828 1.41421 0.57721",
    "Petra: +49 30 901820, +1 (555) 010-9999",
    "Petra: a8f5f167f44f4964e6c998dee827110c",
    "Viktor: The cat sat on the router again and the whole office went offline for an hour.",
    "Viktor: We measured 412 ms at the 95th percentile before the change and 96 ms after it.",
    "Viktor: | region | p50 | p95 |\n|---|---|---|\n| eu-west | 31 | 96 |\n| us-east | 44 | 130 |",
    "Amara: Please always answer me in French. Merci beaucoup, vous êtes très aimables !",
    "Amara: J'ai oublié mon mot de passe et le lien de réinitialisation a expiré.",
    "Bruno: O código do cupom não funciona no carrinho, só na página do produto.",
    "Bruno: " + "a" * 80,
    "Bruno: ¯\\_(ツ)_/¯",
    "Wei: the staging 数据库 is down 😱, see ticket OPS-311",
    "Chidi: " + _LONG,
    "Chidi: " + _LONG * 2,
    "Chidi: " + _LONG * 6,
    "Chidi: " + "东京的服务器昨晚重启了三次，日志里没有错误。" * 30,
)
