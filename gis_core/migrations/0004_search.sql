-- Indexes for search over the spelling that gis_core/sql/install/20_search.sql brings all text to.
-- The expressions are those functions written out, since an index may not need what is installed after the tables;
-- a query that calls the functions is inlined to the same.
CREATE INDEX street_search ON gis_core_street USING gin ((' ' || btrim(regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(name),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h'), '[^a-z0-9]+', ' ', 'g'))) gin_trgm_ops);
