// What the ranks print, line by line, to three places: the launcher's own stdout and stderr and
// merged.log (with "[rank] " in front), and rank-N.log (without). A sidecar's goes to <name>.log
// alone.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "launcher/job_dir.h"
#include "launcher/line_splitter.h"
#include "launcher/log_file.h"
#include "launcher/terminal.h"
#include "launcher/verdict.h"

namespace lockstep {

class OutputMux {
 public:
  // `terminal`: nullptr for none; outlives the mux.
  static Result<OutputMux> Open(const JobDir& dir, Terminal* terminal);

  // An init command has the prefix "[init] " and no file of its own. Returns the source's number.
  Result<int> AddSource(const MemberName& member);
  // What the launcher has to say itself: to stderr and merged.log.
  void Note(const std::string& sentence);
  void Write(int source, Stream stream, std::string_view bytes);
  // The end of one stream: a line that it left unfinished is ended.
  void Finish(int source, Stream stream);

  // At most 20, the oldest first.
  std::vector<std::string> LastLines(int source) const;

 private:
  struct Source {
    std::string prefix;
    bool merged = true;
    std::optional<LogFile> file;
    std::array<LineSplitter, 2> splitters;  // by Stream
    std::deque<std::string> last_lines;
  };
  OutputMux(JobDir dir, Terminal* terminal, LogFile merged)
      : dir_(std::move(dir)), terminal_(terminal), merged_(std::move(merged)) {}

  void Deliver(Source* source, Stream stream, const std::vector<std::string>& lines);
  void Warn(const Status& status);

  JobDir dir_;
  Terminal* terminal_;
  LogFile merged_;
  std::vector<Source> sources_;
};

}  // namespace lockstep
