// exit.json, failure.json and the lines of exits.jsonl: the text forms of ExitRecord, FailureRecord
// and RankExit.
#pragma once

#include "launcher/job_dir.h"

namespace lockstep {

std::string EncodeExitRecord(const ExitRecord& record);
std::string EncodeFailureRecord(const FailureRecord& failure);
Result<ExitRecord> DecodeExitRecord(std::string_view text, std::string_view file);
// With its line feed.
std::string EncodeRankExit(const RankExit& exit);
Result<RankExit> DecodeRankExit(std::string_view line, std::string_view file);

}  // namespace lockstep
