#include "cli/json_path.h"

#include <gtest/gtest.h>

#include <random>

#include "cli/custom_columns.h"
#include "cli/json_template.h"
#include "cli/output_format.h"

namespace lockstep {
namespace {

const Json& Store() {
  static const Json kStore = Json::parse(R"({
    "name": "s", "n": 3, "ok": true, "nothing": null,
    "labels": {"a.b/c": "dotted", "plain": "p"},
    "books": [
      {"title": "one", "price": 8.5, "rating": "0.9", "tags": ["x", "y"]},
      {"title": "two", "price": 12, "rating": "10"},
      {"title": "three", "price": 22, "isbn": "3"}
    ],
    "deep": {"title": "inner", "more": [{"title": "innermost"}]}
  })");
  return kStore;
}

// The values as JSON, with a space between them; what is wrong, in <>.
std::string Found(const std::string& path) {
  const Result<JsonPath> parsed = JsonPath::Parse(path);
  if (!parsed.ok()) return "<" + parsed.status().message() + ">";
  const auto found = parsed->Find(Store());
  if (!found.ok()) return "<" + found.status().message() + ">";
  std::string text;
  for (const Json* value : *found) text += (text.empty() ? "" : " ") + value->dump();
  return text;
}

std::string Rendered(const std::string& text) {
  const Result<JsonTemplate> parsed = JsonTemplate::Parse(text);
  if (!parsed.ok()) return "<" + parsed.status().message() + ">";
  const Result<std::string> rendered = parsed->Render(Store());
  return rendered.ok() ? *rendered : "<" + rendered.status().message() + ">";
}

TEST(JsonPathTest, SelectsWhatKubectlsDocumentationSays) {
  const std::pair<const char*, const char*> cases[] = {
      {".name", R"("s")"},
      {"name", R"("s")"},
      {"$.n", "3"},
      {"@.ok", "true"},
      {".nothing", "null"},
      {".none", ""},
      {".name.none", ""},
      {"['name']", R"("s")"},
      {".labels['a.b/c']", R"("dotted")"},
      {R"(.labels["plain"])", R"("p")"},
      {R"(.labels.a\.b/c)", R"("dotted")"},
      {"['name', 'n']", R"("s" 3)"},
      {".books[0].title", R"("one")"},
      {".books[-1].title", R"("three")"},
      {".books[7].title", ""},
      {".books[-4].title", ""},
      {".books[0,2].title", R"("one" "three")"},
      {".books[1:].title", R"("two" "three")"},
      {".books[:-1].title", R"("one" "two")"},
      {".books[::2].title", R"("one" "three")"},
      {".books[*].price", "8.5 12 22"},
      {".books.*.price", "8.5 12 22"},
      {".labels.*", R"("dotted" "p")"},
      {"..title", R"("one" "two" "three" "inner" "innermost")"},
      {".deep..title", R"("inner" "innermost")"},
      {"..more[0].title", R"("innermost")"},
      {".books[?(@.price>10)].title", R"("two" "three")"},
      {".books[?(@.price <= 12)].title", R"("one" "two")"},
      {R"(.books[?(@.title=="two")].price)", "12"},
      {".books[?(@.title!='two')].price", "8.5 22"},
      {".books[?(@.isbn)].title", R"("three")"},
      {".books[?(@.rating<1)].title", R"("one")"},  // a text that is a number
      {R"(.books[?(@.tags[0]=="x")].title)", R"("one")"},
      {".books[?($.n==3)].title", R"("one" "two" "three")"},
      {".books[?(@.tags[?(@==\"y\")])].title", R"("one")"},
      {".name[0]", ""},
      {".n[*]", ""},
  };
  for (const auto& [path, values] : cases) EXPECT_EQ(Found(path), values) << path;
  EXPECT_EQ(Found("."), Store().dump());
}

TEST(JsonPathTest, WhatIsNotKnownIsNamedWithItsColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {".a.", "column 4: the name of a field is missing"},
      {".a[", "column 3: this [ is not closed"},
      {".a[]", "column 4: in [...] a number"},
      {".a[x]", "column 4: in [...] a number"},
      {".a[1 2]", "column 6: only a comma"},
      {".a[1:2:0]", "column 9: the step of a range must be 1 or more"},
      {".a[99999999999999999999]", "column 4: the number is too large"},
      {".a['b]", "column 3: this [ is not closed"},
      {".a[?@.b]", "column 5: a filter is written ?(...)"},
      {".a[?(@.b=~'c')]", "column 9: a comparison is one of"},
      {".a[?(@.b==c)]", "column 11: a filter compares"},
      {".a[?(@.b==1 && @.c==2)]", "column 13: the filter ends before this"},
      {".a[?(@.b[x]==1)]", "column 10: in [...] a number"},
      {".a.length()", "column 10: '(' is not known in a field's name"},
      {".a b", "column 3: ' ' is not known here"},
  };
  for (const auto& [path, message] : cases) {
    EXPECT_NE(Found(path).find(message), std::string::npos) << path << ": " << Found(path);
  }
}

TEST(JsonPathTest, WorkIsBounded) {
  std::string path;
  for (int i = 0; i < 40; ++i) path += "..*";
  EXPECT_EQ(Found(path), "");  // deeper than the document
  Json wide = Json::array();
  for (int i = 0; i < 4000; ++i) wide.push_back({{"a", {{"b", i}}}});
  const auto found = JsonPath::Parse("[?(@.a.b<$..b)]")->Find(wide);
  EXPECT_EQ(found.status().kind(), StatusKind::kInvalidArgument);
  const auto rendered =
      JsonTemplate::Parse("{range ..*}{range $..*}{range $..*}x{end}{end}{end}")->Render(wide);
  EXPECT_EQ(rendered.status().kind(), StatusKind::kInvalidArgument);
}

TEST(JsonTemplateTest, TextAndRangesAreRenderedAsKubectlDoes) {
  EXPECT_EQ(Rendered("{.name}"), "s");
  EXPECT_EQ(Rendered(".name"), "s");
  EXPECT_EQ(Rendered("no braces"), "no braces");
  EXPECT_EQ(Rendered("n={.n} ok={.ok}{\"\\n\"}"), "n=3 ok=true\n");
  EXPECT_EQ(Rendered("{.books[*].title}"), "one two three");
  EXPECT_EQ(Rendered("{range .books[*]}{.title}{'\\t'}{.price}{\"\\n\"}{end}"),
            "one\t8.5\ntwo\t12\nthree\t22\n");
  EXPECT_EQ(Rendered("{range .books[?(@.tags)]}{.title}:{range .tags[*]}<{@}>{end}{end}"),
            "one:<x><y>");
  EXPECT_EQ(Rendered("{range .books[*]}{.isbn}|{end}"), "||3|");
  EXPECT_EQ(Rendered("{.books[?(@.title==\"}\")]}"), "");
  EXPECT_EQ(Rendered("{.labels}"), R"({"a.b/c":"dotted","plain":"p"})");
}

TEST(JsonTemplateTest, WhatIsNotKnownIsNamedWithItsColumn) {
  EXPECT_NE(Rendered("{.a").find("column 4: a { is not closed"), std::string::npos);
  EXPECT_NE(Rendered("{}").find("column 2"), std::string::npos);
  EXPECT_NE(Rendered("{end}").find("column 5: {end} without"), std::string::npos);
  EXPECT_NE(Rendered("{range .books[*]}x").find("has no {end}"), std::string::npos);
  EXPECT_NE(Rendered("{range}x{end}").find("goes over is missing"), std::string::npos);
  EXPECT_NE(Rendered("ab{.c[}").find("column 6: this [ is not closed"), std::string::npos);
  EXPECT_NE(Rendered("ab{.c()}").find("column 6: '('"), std::string::npos);
  EXPECT_NE(Rendered("{\"a}").find("a quote is not closed"), std::string::npos);
}

TEST(CustomColumnsTest, AColumnForEachPath) {
  const auto columns = ParseCustomColumns("NAME:.name,TITLES:{.books[0,1].title},NO:.none");
  ASSERT_TRUE(columns.ok()) << columns.status().message();
  const auto table = MakeCustomTable(*columns, {Store()});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(FormatTable(*table), "NAME   TITLES    NO\ns      one,two   <none>\n");
  EXPECT_NE(ParseCustomColumns("A:.a,B").status().message().find("column 6: 'B' is not HEADER"),
            std::string::npos);
  EXPECT_NE(ParseCustomColumns("A:.a,B:.b[").status().message().find("column 10"),
            std::string::npos);
}

TEST(OutputFormatTest, AnUnknownFormatIsAnsweredWithTheList) {
  EXPECT_NE(ParseOutputFormat("xml").status().message().find("jsonpath=TEMPLATE"),
            std::string::npos);
  EXPECT_EQ(ParseOutputFormat("").value().kind, OutputFormat::Kind::kTable);
  EXPECT_EQ(ParseOutputFormat("csv").value().kind, OutputFormat::Kind::kCsv);
}

// Whatever is typed is rendered or refused: no crash, no hang, and a refusal has a column.
TEST(JsonTemplateTest, AnyTextIsRenderedOrRefused) {
  const std::string seeds[] = {"{range .books[*]}{.title}{\"\\n\"}{end}",
                               "{.books[?(@.price>10)].title}", "{..title} {.a[1:2]['x','y']}",
                               "{.labels.a\\.b/c}{'q'}"};
  const std::string alphabet = "{}[]().*?@$'\"\\,:=<>!ab01 -";
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
    for (unsigned change = random() % 6; change > 0; --change) {
      const std::size_t at = random() % (text.size() + 1);
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0 && at < text.size()) {
        text.erase(at, 1);
      } else if (random() % 2 == 0 && at < text.size()) {
        text[at] = c;
      } else {
        text.insert(at, 1, c);
      }
    }
    const Result<JsonTemplate> parsed = JsonTemplate::Parse(text);
    if (parsed.ok()) {
      (void)parsed->Render(Store());
    } else {
      EXPECT_NE(parsed.status().message().find(", column "), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace lockstep
