-- What is typed and what is stored, brought to one spelling, so that both find each other.
-- Input: any text. Output: small Latin letters and digits only.
-- Uzbek is written in Latin and in Cyrillic letters, Latin with half a dozen apostrophes, and by people who use x or h for
-- ҳ, k for қ: spellings that a person takes for the same name come out the same. It is no transliteration to be read.
-- Invariant: the indexes of the migrations that end in "_search" hold these expressions written out, and a query that
-- calls the functions is inlined to the same: whoever changes one makes the indexes anew in a migration of its own.
CREATE OR REPLACE FUNCTION search_letters(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(translate(lower(value),
        'АБВГДЕЗИЙКЛМНОПРСТУФХҲҚЎҒЭЫЦЖІЇЄҐабвгдезийклмнопрстуфхҳқўғэыцжіїєґxqwöõóğḡıüúéşŞçÇШЩЧЮЯЁ'
        '''`´ʻʼ‘’‛′ʹ"“”„«»ʺ″ъьЪЬ',
        'abvgdeziyklmnoprstufhhkogeisjiiegabvgdeziyklmnoprstufhhkogeisjiieghkvoooggiuueшшччшщчюяё'),
        'ш', 'sh'), 'щ', 'sh'), 'ч', 'ch'), 'ю', 'yu'), 'я', 'ya'), 'ё', 'yo'), 'ye', 'e'), 'ts', 's'), 'zh', 'j'),
        'kh', 'h');

-- "Furqat ko‘chasi, 101" is "furkat kochasi 101".
CREATE OR REPLACE FUNCTION search_words(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN btrim(regexp_replace(search_letters(value), '[^a-z0-9]+', ' ', 'g'));

-- "P-508" is "p508".
CREATE OR REPLACE FUNCTION search_key(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(search_letters(value), '[^a-z0-9]+', '', 'g');
