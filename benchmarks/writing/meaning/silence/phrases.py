"""What people say to be polite, by language."""

GREETINGS = {
    "english": (
        "hello", "hi there", "good morning", "thanks!", "thank you very much", "thx a lot", "ok great",
        "see you later", "bye bye", "have a nice evening", "no worries", "you're welcome", "hey how are you",
        "cheers mate", "sounds good", "lol", "haha nice", "got it, thanks", "sorry about that", "good night",
        "happy birthday!", "all the best", "ty!!", "yep", "alright then", "take care", "much appreciated",
    ),
    "german": (
        "Hallo", "Guten Morgen", "Danke schön", "Vielen Dank!", "Bis später", "Tschüss", "Alles klar",
        "Schönes Wochenende", "Wie geht's dir?", "Gern geschehen", "Gute Nacht", "Moin", "Servus",
        "Herzlichen Glückwunsch", "Kein Problem", "Mach's gut", "Super, danke", "Liebe Grüße", "Passt", "Ja genau",
    ),
    "french": (
        "Bonjour", "Salut", "Merci beaucoup", "À bientôt", "Bonne soirée", "Ça va ?", "De rien", "D'accord",
        "Au revoir", "Bonne nuit", "Merci !", "Pas de problème", "Bon week-end", "Félicitations", "Coucou",
        "Enchanté", "À demain", "Super, merci", "Très bien", "Bonne journée",
    ),
    "spanish": (
        "Hola", "Buenos días", "Muchas gracias", "Hasta luego", "Buenas noches", "¿Qué tal?", "De nada",
        "Vale", "Adiós", "Nos vemos", "Gracias!", "No hay problema", "Buen fin de semana", "Felicidades",
        "Encantado", "Hasta mañana", "Perfecto, gracias", "Muy bien", "Un abrazo", "Feliz cumpleaños",
    ),
    "italian": (
        "Ciao", "Buongiorno", "Grazie mille", "A presto", "Buonasera", "Come stai?", "Prego", "Va bene",
        "Arrivederci", "Buonanotte", "Grazie!", "Nessun problema", "Buon fine settimana", "Auguri",
        "Piacere", "A domani", "Perfetto, grazie", "Molto bene", "Un abbraccio", "Buona giornata",
    ),
    "portuguese": (
        "Olá", "Bom dia", "Muito obrigado", "Até logo", "Boa noite", "Tudo bem?", "De nada", "Está bem",
        "Adeus", "Boa tarde", "Obrigada!", "Sem problema", "Bom fim de semana", "Parabéns", "Prazer",
        "Até amanhã", "Perfeito, obrigado", "Muito bem", "Um abraço", "Tchau",
    ),
    "russian": (
        "Привет", "Доброе утро", "Большое спасибо", "До свидания", "Спокойной ночи", "Как дела?",
        "Пожалуйста", "Хорошо", "Пока", "Спасибо!", "Не за что", "Хороших выходных", "Поздравляю",
        "До завтра", "Отлично, спасибо", "Очень приятно", "Всего доброго", "Здравствуйте", "Ладно", "Добрый вечер",
    ),
    "turkish": (
        "Merhaba", "Günaydın", "Çok teşekkürler", "Görüşürüz", "İyi geceler", "Nasılsın?", "Rica ederim",
        "Tamam", "Hoşça kal", "İyi akşamlar", "Teşekkürler!", "Sorun değil", "İyi hafta sonları",
        "Tebrikler", "Yarın görüşürüz", "Harika, sağ ol", "Memnun oldum", "Selam", "Kolay gelsin", "Sağ olun",
    ),
    "polish": (
        "Cześć", "Dzień dobry", "Dziękuję bardzo", "Do widzenia", "Dobranoc", "Jak się masz?", "Proszę",
        "Dobrze", "Na razie", "Dobry wieczór", "Dzięki!", "Nie ma sprawy", "Miłego weekendu", "Gratulacje",
        "Do jutra", "Super, dzięki", "Miło mi", "Hej", "Pozdrawiam", "Wszystkiego najlepszego",
    ),
    "chinese": (
        "你好", "早上好", "非常感谢", "再见", "晚安", "你好吗？", "不客气", "好的", "拜拜", "谢谢！", "没问题",
        "周末愉快", "恭喜", "明天见", "太好了，谢谢", "很高兴认识你", "辛苦了", "大家好", "嗯嗯", "晚上好",
    ),
    "japanese": (
        "こんにちは", "おはようございます", "ありがとうございます", "さようなら", "おやすみなさい", "お元気ですか？",
        "どういたしまして", "わかりました", "またね", "ありがとう！", "大丈夫です", "良い週末を", "おめでとう",
        "また明日", "了解です", "はじめまして", "お疲れ様です", "こんばんは", "はい", "よろしくお願いします",
    ),
    "korean": (
        "안녕하세요", "좋은 아침이에요", "정말 감사합니다", "안녕히 가세요", "잘 자요", "잘 지내세요?", "천만에요",
        "알겠습니다", "또 봐요", "고마워요!", "괜찮아요", "좋은 주말 보내세요", "축하해요", "내일 봐요", "네",
        "반갑습니다", "수고하셨습니다", "안녕", "좋아요", "생일 축하해요",
    ),
    "arabic": (
        "مرحبا", "صباح الخير", "شكرا جزيلا", "إلى اللقاء", "تصبح على خير", "كيف حالك؟", "عفوا", "حسنا",
        "مع السلامة", "مساء الخير", "شكرا!", "لا مشكلة", "نهاية أسبوع سعيدة", "مبروك", "أراك غدا",
        "ممتاز، شكرا", "تشرفنا", "أهلا وسهلا", "السلام عليكم", "نعم",
    ),
    "hindi": (
        "नमस्ते", "शुभ प्रभात", "बहुत धन्यवाद", "फिर मिलेंगे", "शुभ रात्रि", "आप कैसे हैं?", "कोई बात नहीं",
        "ठीक है", "अलविदा", "धन्यवाद!", "बधाई हो", "कल मिलते हैं", "बहुत अच्छा", "आपसे मिलकर खुशी हुई",
        "शुक्रिया", "हाँ", "स्वागत है", "जन्मदिन मुबारक", "नमस्कार", "अच्छा जी",
    ),
}  # fmt: skip
