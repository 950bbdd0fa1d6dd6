#include "cli/optuna_study.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>

#include "cli/object_state.h"
#include "cli/object_table.h"
#include "operators/store/database.h"
#include "runtime/base/metric_line.h"

namespace lockstep {
namespace {

// As SQLAlchemy makes them for Optuna.
constexpr char kTables[] = R"sql(
CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL,
  PRIMARY KEY (study_id));
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER,
  library_version VARCHAR(256), PRIMARY KEY (version_info_id), CHECK (version_info_id=1));
CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL,
  study_id INTEGER NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id),
  UNIQUE (study_id, objective), FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER,
  "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_user_attribute_id),
  UNIQUE (study_id, "key"), FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER,
  "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id),
  UNIQUE (study_id, "key"), FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER,
  state VARCHAR(8) NOT NULL, datetime_start DATETIME, datetime_complete DATETIME,
  PRIMARY KEY (trial_id), FOREIGN KEY(study_id) REFERENCES studies (study_id));
CREATE INDEX ix_trials_study_id ON trials (study_id);
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER,
  "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_user_attribute_id),
  UNIQUE (trial_id, "key"), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER,
  "key" VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id),
  UNIQUE (trial_id, "key"), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512),
  param_value FLOAT, distribution_json TEXT, PRIMARY KEY (param_id),
  UNIQUE (trial_id, param_name), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
  objective INTEGER NOT NULL, value FLOAT, value_type VARCHAR(7) NOT NULL,
  PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL,
  trial_id INTEGER NOT NULL, step INTEGER NOT NULL, intermediate_value FLOAT,
  intermediate_value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_intermediate_value_id),
  UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
  heartbeat DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id),
  FOREIGN KEY(trial_id) REFERENCES trials (trial_id));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO version_info VALUES (1, 12, '3.2.0');
INSERT INTO alembic_version VALUES ('v3.2.0.a');
)sql";

std::optional<double> NumberOf(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string OptunaTime(const std::string& time) {
  const Result<WallTime> read = ParseTime(time);
  if (!read.ok()) return "";
  std::string text = FormatTime(*read);  // ...T...Z
  text[10] = ' ';
  text.pop_back();
  return text;
}

std::string OptunaState(const Trial& trial, bool has_value) {
  const std::string state = StateOf(trial);
  if (state == "Succeeded") return has_value ? "COMPLETE" : "FAIL";
  if (state == "EarlyStopped") return "PRUNED";
  if (IsFinished(trial)) return "FAIL";
  return trial.status.start_time.empty() ? "WAITING" : "RUNNING";
}

// Of numbers between two; nullopt: the bounds are no numbers.
std::optional<Json> RangeDistribution(const ParameterSpec& parameter) {
  const FeasibleSpace& space = *parameter.feasible_space;
  const std::optional<double> low = NumberOf(space.min);
  const std::optional<double> high = NumberOf(space.max);
  if (!low || !high) return std::nullopt;
  const std::optional<double> step = NumberOf(space.step);
  const bool log = space.distribution == "logUniform" || space.distribution == "logNormal";
  const auto is_whole = [](double number) { return std::abs(number) < 9e15; };
  if (parameter.parameter_type == "int" && is_whole(*low) && is_whole(*high)) {
    const auto whole = [](double number) { return static_cast<std::int64_t>(number); };
    return Json{{"name", "IntDistribution"},
                {"attributes",
                 {{"log", log},
                  {"step", log ? 1 : std::max<std::int64_t>(whole(step.value_or(1)), 1)},
                  {"low", whole(*low)},
                  {"high", whole(*high)}}}};
  }
  return Json{{"name", "FloatDistribution"},
              {"attributes",
               {{"step", step && !log ? Json(*step) : Json()},
                {"low", *low},
                {"high", *high},
                {"log", log}}}};
}

std::optional<OptunaParameter> ParameterOf(const ParameterSpec& parameter,
                                           const std::string& value) {
  if (!parameter.feasible_space) return std::nullopt;
  const FeasibleSpace& space = *parameter.feasible_space;
  if (space.list.empty()) {
    const std::optional<double> number = NumberOf(value);
    std::optional<Json> distribution = RangeDistribution(parameter);
    if (!number || !distribution) return std::nullopt;
    return OptunaParameter{parameter.name, *number, *std::move(distribution)};
  }
  const auto found = std::ranges::find(space.list, value);
  if (found == space.list.end()) return std::nullopt;
  Json choices = Json::array();
  for (const std::string& choice : space.list) {
    const std::optional<double> number =
        parameter.parameter_type == "discrete" ? NumberOf(choice) : std::nullopt;
    choices.push_back(number ? Json(*number) : Json(choice));
  }
  return OptunaParameter{
      parameter.name, static_cast<double>(found - space.list.begin()),
      Json{{"name", "CategoricalDistribution"}, {"attributes", {{"choices", choices}}}}};
}

OptunaTrial TrialOf(const Trial& trial, const Experiment& experiment) {
  OptunaTrial made;
  made.start = OptunaTime(trial.status.start_time);
  made.end = OptunaTime(trial.status.completion_time);
  const ObjectiveSpec objective = experiment.spec.objective.value_or(ObjectiveSpec{});
  for (const Metric& metric : trial.status.observation.metrics) {
    const std::string value = MetricValue(objective, trial.status.observation, metric.name);
    if (metric.name != objective.objective_metric_name) {
      made.user_attributes["metrics." + metric.name] = value;
    } else if (const auto number = NumberOf(value); number && !std::isnan(*number)) {
      made.value = number;
    }
  }
  made.user_attributes["name"] = trial.meta.name;
  made.user_attributes["state"] = StateOf(trial);
  made.state = OptunaState(trial, made.value.has_value());
  for (const ParameterAssignment& assignment : trial.spec.parameter_assignments) {
    const auto& specs = experiment.spec.parameters;
    const auto spec = std::ranges::find(specs, assignment.name, &ParameterSpec::name);
    auto parameter = spec == specs.end() ? std::nullopt : ParameterOf(*spec, assignment.value);
    if (parameter) {
      made.parameters.push_back(*std::move(parameter));
    } else {
      made.user_attributes["params." + assignment.name] = assignment.value;
    }
  }
  std::map<std::int64_t, double> curve;  // after a restart a step comes again
  for (const CurvePoint& point : trial.status.curve) {
    if (const auto number = NumberOf(point.value)) curve[point.step] = *number;
  }
  made.intermediate_values.assign(curve.begin(), curve.end());
  return made;
}

std::string ValueType(double value) {
  if (std::isnan(value)) return "NAN";
  if (std::isinf(value)) return value > 0 ? "INF_POS" : "INF_NEG";
  return "FINITE";
}

void Insert(SQLite::Database& db, const std::string& table, const std::string& columns,
            std::int64_t owner, const Json& attributes) {
  SQLite::Statement insert(db, "INSERT INTO " + table + " (" + columns + ") VALUES (?,?,?)");
  for (const auto& [key, value] : attributes.items()) {
    insert.bind(1, owner);
    insert.bind(2, key);
    insert.bind(3, value.dump(-1, ' ', true, Json::error_handler_t::replace));
    insert.exec();
    insert.reset();
  }
}

void BindValue(SQLite::Statement& insert, int at, double value) {
  if (std::isfinite(value)) {
    insert.bind(at, value);
  } else {
    insert.bind(at);
  }
  insert.bind(at + 1, ValueType(value));
}

void InsertTrial(SQLite::Database& db, std::int64_t id, const OptunaTrial& trial) {
  SQLite::Statement insert(db, "INSERT INTO trials VALUES (?,?,1,?,?,?)");
  insert.bind(1, id);
  insert.bind(2, id - 1);
  insert.bind(3, trial.state);
  if (!trial.start.empty()) insert.bind(4, trial.start);
  if (!trial.end.empty()) insert.bind(5, trial.end);
  insert.exec();
  for (const OptunaParameter& parameter : trial.parameters) {
    SQLite::Statement param(db,
                            "INSERT INTO trial_params (trial_id, param_name, param_value, "
                            "distribution_json) VALUES (?,?,?,?)");
    param.bind(1, id);
    param.bind(2, parameter.name);
    param.bind(3, parameter.value);
    param.bind(4, parameter.distribution.dump(-1, ' ', true, Json::error_handler_t::replace));
    param.exec();
  }
  if (trial.value) {
    SQLite::Statement value(db,
                            "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                            "VALUES (?,0,?,?)");
    value.bind(1, id);
    BindValue(value, 2, *trial.value);
    value.exec();
  }
  for (const auto& [step, reported] : trial.intermediate_values) {
    SQLite::Statement value(db,
                            "INSERT INTO trial_intermediate_values (trial_id, step, "
                            "intermediate_value, intermediate_value_type) VALUES (?,?,?,?)");
    value.bind(1, id);
    value.bind(2, step);
    BindValue(value, 3, reported);
    value.exec();
  }
  Insert(db, "trial_user_attributes", "trial_id, key, value_json", id, trial.user_attributes);
}

void WriteTables(const OptunaStudy& study, const std::string& path) {
  SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  SQLite::Transaction transaction(db);
  db.exec(kTables);
  SQLite::Statement insert(db, "INSERT INTO studies VALUES (1,?)");
  insert.bind(1, study.name);
  insert.exec();
  SQLite::Statement direction(db, "INSERT INTO study_directions VALUES (1,?,1,0)");
  direction.bind(1, study.direction);
  direction.exec();
  Insert(db, "study_user_attributes", "study_id, key, value_json", 1, study.user_attributes);
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    InsertTrial(db, static_cast<std::int64_t>(i) + 1, study.trials[i]);
  }
  transaction.commit();
}

}  // namespace

OptunaStudy MakeOptunaStudy(const Experiment& experiment, const std::vector<Trial>& trials) {
  OptunaStudy study;
  study.name = experiment.meta.name;
  const ObjectiveSpec objective = experiment.spec.objective.value_or(ObjectiveSpec{});
  study.direction = objective.type == "maximize" ? "MAXIMIZE" : "MINIMIZE";
  study.user_attributes["namespace"] = experiment.meta.namespace_;
  study.user_attributes["objective"] = objective.objective_metric_name;
  if (const auto& algorithm = experiment.spec.algorithm) {
    study.user_attributes["algorithm"] = algorithm->algorithm_name;
  }
  study.trials.reserve(trials.size());
  for (const Trial& trial : trials) study.trials.push_back(TrialOf(trial, experiment));
  return study;
}

Status WriteOptunaStudy(const OptunaStudy& study, const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return AlreadyExists(path +
                         " is there already, and may hold other studies: write to a new "
                         "file");
  }
  const std::string part = path + ".part";
  std::filesystem::remove(part, error);
  Status status = GuardSqlite(part, "write the study", [&] { WriteTables(study, part); });
  if (!status.ok()) {
    std::filesystem::remove(part, error);
    return status;
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return ErrnoStatus("make " + path, errno);
  return OkStatus();
}

}  // namespace lockstep
