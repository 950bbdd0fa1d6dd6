// Go's text/template as v1alpha3 trial templates use it: what is printed, and what is refused.
#include "operators/convert/go_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Json Data() {
  return {{"Trial", "t-1"},
          {"Empty", ""},
          {"Count", 3},
          {"None", Json::array()},
          {"HyperParameters",
           {{{"Name", "--lr"}, {"Value", "@lr"}}, {{"Name", "--n"}, {"Value", "@n"}}}}};
}

GoTemplateOptions Options() {
  GoTemplateOptions options;
  options.unknown = "@";
  return options;
}

std::string Rendered(const std::string& text) {
  const auto rendered = RenderGoTemplate(text, Data(), Options());
  return rendered.ok() ? rendered->text : "error " + rendered.status().message();
}

TEST(GoTemplate, PrintsWhatGoPrints) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"no action", "no action"},
      {"a {{.Trial}} b", "a t-1 b"},
      {"{{ .Trial }}{{.Count}}", "t-13"},
      {"{{\n.Trial\n}}", "t-1"},
      {"{{$.Trial}}", "t-1"},
      {"{{\"a\\n\\\"b\\\"\"}}{{`c\\n`}}", "a\n\"b\"c\\n"},
      {"{{true}} {{-3}} {{+4}} {{0}}", "true -3 4 0"},
      {"a \n {{- .Trial -}} \t\n b", "at-1b"},
      {"a {{- /* one */ -}} b", "ab"},
      {"a {{/* two }} */}} b", "a  b"},
      {"a {{- \"\"}} b", "a b"},
      {"{{range .HyperParameters}}[{{.Name}}={{.Value}}]{{end}}", "[--lr=@lr][--n=@n]"},
      {"{{with .HyperParameters}}{{range .}}{{.Name}} {{$.Trial}},{{end}}{{end}}",
       "--lr t-1,--n t-1,"},
      {"x{{- with .HyperParameters}}{{- range .}}\n- {{.Value}}{{- end}}{{- end}}\ny",
       "x\n- @lr\n- @n\ny"},
      {"{{range .None}}a{{else}}b{{end}}", "b"},
      {"{{with .Empty}}a{{.}}{{else}}b{{.Trial}}{{end}}", "bt-1"},
      {"{{with .Trial}}{{.}}{{end}}", "t-1"},
      {"{{with .Empty}}a{{end}}", ""},
      {"{{if .None}}a{{else if .Empty}}b{{else if .Count}}c{{else}}d{{end}}e", "ce"},
      {"{{if 0}}a{{else}}b{{end}}", "b"},
      {"{{if not .Empty}}a{{end}}", "a"},
      {"{{range .HyperParameters}}{{if eq .Name \"--n\"}}n={{.Value}}{{end}}{{end}}", "n=@n"},
      {"{{range .HyperParameters}}{{if ne .Name \"--n\"}}{{.Name}}{{end}}{{end}}", "--lr"},
      {"{{eq .Trial \"a\" \"t-1\"}} {{eq 3 .Count}}", "true true"},
      {"{{if eq (printf \"%s-2\" .Trial) \"t-1-2\"}}a{{end}}", "a"},
      {"{{printf \"%s %d %v %q 100%%\" .Trial .Count true \"a\\\"b\"}}",
       "t-1 3 true \"a\\\"b\" 100%"},
      {"{{.Trial | printf \"%s/%s\" \"a\" | printf \"%q\"}}", "\"a/t-1\""},
      {"{{range .HyperParameters}}{{printf \"%s=%v \" .Name .Value}}{{end}}", "--lr=@lr --n=@n "},
      {"{{(.Trial)}}", "t-1"},
      {"a } b }} { c", "a } b }} { c"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Rendered(text), expected) << text;
}

TEST(GoTemplate, RefusesTheRestByNameAndPlace) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\n b{{.Trail}}", "2:5: .Trail: there is no field Trail (did you mean Trial?)"},
      {"{{range .HyperParameters}}{{.Trial}}{{end}}", "1:29: .Trial: there is no field Trial"},
      {"{{.Trial.Name}}", "1:3: .Trial.Name: there is no field Name in a list or a text"},
      {"{{$x := 1}}", "1:3: the variable $x is not supported"},
      {"{{.A = 1}}", "1:6: variables"},
      {"{{len .Trial}}", "1:3: \"len\" is not supported: use if"},
      {"{{.Trial | upper}}", "1:12: \"upper\" is not supported"},
      {"{{define \"x\"}}{{end}}", "1:3: \"define\" is not supported"},
      {"{{template \"x\"}}", "1:3: \"template\" is not supported"},
      {"{{range .None}}{{break}}{{end}}", "1:18: \"break\" is not supported"},
      {"{{if .Trial}}", "1:1: {{if}} is not closed with {{end}}"},
      {"{{if .Trial}}{{else}}", "1:1: {{if}} is not closed with {{end}}"},
      {"{{if .Trial}}{{else}}{{else}}{{end}}", "1:22: a second {{else}}"},
      {"{{with .Trial}}{{else with .Trial}}{{end}}", "1:16: {{else with}} is not supported"},
      {"a{{end}}", "1:2: {{end}} without"},
      {"{{end}}{{end}}", "1:1: {{end}} without"},
      {"{{if}}a{{end}}", "1:1: a value is missing"},
      {"{{.Trial", "1:1: the action {{ is not closed"},
      {"{{ }}", "1:1: the action {{}} is empty"},
      {"{{/* a", "1:1: the comment"},
      {"{{/* a */ .Trial}}", "1:1: a comment stands alone"},
      {"{{\"a}}", "1:3: the string"},
      {"{{`a}}", "1:3: the string"},
      {"{{\"\\x41\"}}", "1:4: the escape \\x"},
      {"{{0.5}}", "1:3: only whole decimal numbers"},
      {"{{0x10}}", "1:3: only whole decimal numbers"},
      {"{{99999999999999999999}}", "1:3: only whole decimal numbers"},
      {"{{'a'}}", "1:3: \"'\" is not understood"},
      {"{{.Trial .Count}}", "1:3: a value is no function"},
      {"{{.Trial | .Count}}", "1:12: a value is no function"},
      {"{{eq .Trial}}", "1:3: eq: wrong number of arguments"},
      {"{{eq .Trial 1}}", "1:3: eq: the types differ"},
      {"{{eq .None .None}}", "1:3: eq: the types differ"},
      {"{{(.Trial}}", "1:3: ( is not closed"},
      {"{{.Trial)}}", "1:9: a stray )"},
      {"{{(.Trial).Name}}", "1:11: a field of a parenthesis"},
      {"{{.None}}", "1:1: a list cannot be printed"},
      {"{{.}}", "1:1: a struct cannot be printed"},
      {"{{range .Trial}}{{end}}", "1:1: {{range}} goes over lists only"},
      {"{{printf}}", "1:3: printf: the first argument"},
      {"{{printf \"%5s\" .Trial}}", "1:3: printf: \"%5\" is not supported"},
      {"{{printf \"%s\"}}", "1:3: printf: there is no argument for %s"},
      {"{{printf \"a\" .Trial}}", "1:3: printf: an argument too many"},
      {"{{printf \"%d\" .Trial}}", "1:3: printf: %d does not fit its argument, which is text"},
      {"{{printf \"%s\" .Count}}", "1:3: printf: %s does not fit"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(Rendered(text), StartsWith("error " + expected)) << text;
  }
}

TEST(GoTemplate, DecidesNothingByAValueThatIsNotKnownYet) {
  for (const std::string action :
       {"{{if .Value}}{{end}}", "{{with .Value}}{{end}}", "{{if eq .Value \"1\"}}{{end}}",
        "{{eq \"1\" .Value}}", "{{ne .Value \"1\"}}", "{{not .Value}}", "{{printf .Value}}",
        "{{if eq (printf \"%s\" .Value) \"1\"}}{{end}}"}) {
    EXPECT_THAT(Rendered("{{range .HyperParameters}}" + action + "{{end}}"),
                HasSubstr("depends on @lr, which is known only when a trial starts"))
        << action;
  }
}

TEST(GoTemplate, SaysWhichLineOfTheTemplateEachLineCameFrom) {
  const auto rendered = RenderGoTemplate(
      "a\n{{- range .HyperParameters}}\n- {{.Name}}\n{{- end}}\n{{/* c */ -}}\n\nb\n", Data());
  ASSERT_TRUE(rendered.ok()) << rendered.status().message();
  EXPECT_EQ(rendered->text, "a\n- --lr\n- --n\nb\n");
  EXPECT_THAT(rendered->lines, ElementsAre(1, 3, 3, 7, 8));
}

TEST(GoTemplate, IsBounded) {
  GoTemplateOptions options;
  options.bytes_max = 100;
  EXPECT_FALSE(RenderGoTemplate(std::string(101, 'a'), Data(), options).ok());
  EXPECT_TRUE(RenderGoTemplate(std::string(100, 'a'), Data(), options).ok());
  const auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  EXPECT_THAT(Rendered(nested(51, "{{if 1}}", "{{end}}")), HasSubstr("nested deeper than 50"));
  EXPECT_EQ(Rendered(nested(50, "{{if 1}}", "{{end}}")), "");
  EXPECT_THAT(Rendered("{{" + nested(51, "(", ")") + "}}"), HasSubstr("nested deeper than 50"));
  EXPECT_THAT(Rendered(nested(40, "{{range $.HyperParameters}}", "{{end}}")),
              HasSubstr("more than 100000 steps"));
  std::string chain = "{{if 0}}";
  for (int i = 0; i < 1000; ++i) chain += "{{else if 0}}";
  EXPECT_THAT(Rendered(chain + "{{end}}"), HasSubstr("nested deeper than 50"));
}

}  // namespace
}  // namespace lockstep
