-- Indexes for search over the spelling that gis_core/sql/install/20_search.sql brings all text to.
-- The expressions are those functions written out, since an index may not need what is installed after the tables;
-- a query that calls the functions is inlined to the same.
CREATE INDEX subscriber_search ON billing_subscriber USING gin ((' ' || btrim(regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(name || ' ' || house || ' ' || flat),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', ' ', 'g'))) gin_trgm_ops);
CREATE INDEX subscriber_search_phone ON billing_subscriber USING gin ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(phone),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) gin_trgm_ops);
CREATE INDEX subscriber_search_registry ON billing_subscriber USING btree ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(registry_number),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX account_search_number ON billing_account USING btree ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(number),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX contract_search_number ON billing_contract USING btree ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(number),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX meter_search_serial ON billing_meter USING btree ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(serial),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX invoice_search_number ON billing_invoice USING btree ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(number),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
