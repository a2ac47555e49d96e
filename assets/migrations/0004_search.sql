-- Indexes for search over the spelling that gis_core/sql/install/20_search.sql brings all text to.
-- The expressions are those functions written out, since an index may not need what is installed after the tables;
-- a query that calls the functions is inlined to the same.
CREATE INDEX node_search_key ON assets_node USING btree (network_id, (regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(code),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX node_search_within ON assets_node USING gin ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(code),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) gin_trgm_ops);
CREATE INDEX pipe_search_key ON assets_pipe USING btree (network_id, (regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(code),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) text_pattern_ops);
CREATE INDEX pipe_search_within ON assets_pipe USING gin ((regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(code),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', '', 'g')) gin_trgm_ops);
CREATE INDEX zone_search ON assets_zone USING gin ((' ' || btrim(regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(code || ' ' || name),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', ' ', 'g'))) gin_trgm_ops);
CREATE INDEX facility_search ON assets_facilitydetail USING gin ((' ' || btrim(regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(name),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', ' ', 'g'))) gin_trgm_ops);
