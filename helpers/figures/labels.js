/* Every word that a reader of the player sees, and of the explorer: in English and in Korean.

   The terms are those of the glossary in notebook 00. A function makes a sentence of its arguments,
   which are words and numbers as they are shown. Both languages have the same names. */

const LABELS = {};

LABELS.en = {
  /* in the pictures */
  states: "states",
  scores: "scores",
  softmax: "softmax",
  weights: "weights",
  products: "products",
  query: "query",
  state: "state",
  decoder: "decoder",
  table: "weights so far",
  overview: "all steps",
  likeliest: "likeliest words",
  recipe: (name, terms, more) => `${name} = ${terms.join(" + ")}${more ? " + …" : ""}`,
  named: (term, word) => `${term} “${word}”`,
  mostly: word => `, mostly “${word}”`,
  only: word => `, only “${word}”`,

  /* the steps of a sentence */
  first: "first",
  back: "← back",
  play: "play",
  pause: "pause",
  next: "next →",
  last: "last",
  slider: "decoding step",
  keys: "With the mouse over the picture: ← → step, Home, End, space plays.",
  headline: (step, count, word) => `Step ${step} of ${count}: “${word}” comes out`,

  /* the keys of the colours */
  cells: (drawn, size) => `numbers of a vector (${drawn} of ${size} drawn)`,
  weight: "a weight",
};

LABELS.ko = {
  states: "상태",
  scores: "점수",
  softmax: "softmax",
  weights: "가중치",
  products: "곱",
  query: "쿼리",
  state: "상태",
  decoder: "디코더",
  table: "지금까지의 가중치",
  overview: "모든 단계",
  likeliest: "나올 만한 단어",
  recipe: (name, terms, more) => `${name} = ${terms.join(" + ")}${more ? " + …" : ""}`,
  named: (term, word) => `${term} “${word}”`,
  mostly: word => `, 대부분 “${word}”`,
  only: word => `, 오직 “${word}”`,

  first: "처음",
  back: "← 이전",
  play: "재생",
  pause: "멈춤",
  next: "다음 →",
  last: "끝",
  slider: "디코딩 단계",
  keys: "그림 위에 마우스를 두고 ← → 단계, Home, End, 스페이스 재생.",
  headline: (step, count, word) => `${count}단계 중 ${step}단계: “${word}”`,

  cells: (drawn, size) => `벡터의 숫자 (${size}개 중 ${drawn}개)`,
  weight: "가중치 하나",
};
