// lockstep completion: a script for a shell, made from the verbs and options there are.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/verb.h"
#include "operators/api/object.h"
#include "runtime/base/exit_code.h"

namespace lockstep {
namespace {

std::string KindWords() {
  std::string words;
  for (const KindName& kind : KindNames()) {
    words += (words.empty() ? "" : " ") + std::string(kind.plural);
  }
  return words;
}

// A verb of verbs offers theirs too.
std::string OptionWords(const CLI::App& verb) {
  std::string words;
  for (const CLI::App* inner : verb.get_subcommands({})) {
    words += " " + inner->get_name() + " " + OptionWords(*inner);
  }
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
    for (const std::string& name : option->get_snames()) words += " -" + name;
  }
  return words.empty() ? words : words.substr(1);
}

std::string BashScript(const CLI::App& app) {
  std::string verbs;
  std::string cases;
  for (const CLI::App* verb : app.get_subcommands({})) {
    const std::string& name = verb->get_name();
    verbs += (verbs.empty() ? "" : " ") + name;
    const bool kinds = name == "get" || name == "describe" || name == "delete" || name == "explain";
    cases += "    " + name + ") words=\"" + OptionWords(*verb) + (kinds ? " " + KindWords() : "") +
             "\" ;;\n";
  }
  return "_lockstep() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"" +
         verbs +
         "\"\n"
         "  if [ \"$COMP_CWORD\" -gt 1 ]; then\n"
         "    case \"${COMP_WORDS[1]}\" in\n" +
         cases +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _lockstep lockstep\n";
}

// The lines of `verb`, which is offered where `condition` holds, and of the verbs in it.
std::string FishLines(const CLI::App& verb, const std::string& condition) {
  const std::string line = "complete -c lockstep -n ";
  const std::string inside = "'__fish_seen_subcommand_from " + verb.get_name() + "'";
  std::string script =
      line + condition + " -a " + verb.get_name() + " -d '" + verb.get_description() + "'\n";
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& flag : option->get_lnames()) {
      script.append(line).append(inside).append(" -l ").append(flag).append("\n");
    }
  }
  for (const CLI::App* inner : verb.get_subcommands({})) script += FishLines(*inner, inside);
  return script;
}

std::string FishScript(const CLI::App& app) {
  std::string script = "complete -c lockstep -e\n";
  for (const CLI::App* verb : app.get_subcommands({})) {
    script += FishLines(*verb, "__fish_use_subcommand");
  }
  return script +
         "complete -c lockstep -n '__fish_seen_subcommand_from get describe delete explain' -a '" +
         KindWords() + "'\n";
}

}  // namespace

void AddCompletionVerb(CLI::App& app, VerbContext& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print a completion script for a shell");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([shell, &app, &context] {
    std::string script = *shell == "fish" ? FishScript(app) : BashScript(app);
    if (*shell == "zsh") {
      script = "autoload -U +X bashcompinit && bashcompinit\n" + script;
    }
    std::fputs(script.c_str(), stdout);
    context.exit_code = kExitSuccess;
  });
}

}  // namespace lockstep
