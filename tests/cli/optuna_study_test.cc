#include "cli/optuna_study.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "cli/trial_table.h"

namespace lockstep {
namespace {

Experiment Search() {
  Experiment experiment;
  experiment.meta.name = "search";
  experiment.meta.namespace_ = "default";
  experiment.spec.objective.emplace();
  experiment.spec.objective->type = "maximize";
  experiment.spec.objective->objective_metric_name = "accuracy";
  experiment.spec.objective->metric_strategies = {{"accuracy", "max"}, {"loss", "min"}};
  experiment.spec.parameters = {
      {"lr", "double", FeasibleSpace{"0.1", "0.001", {}, "", "logUniform"}},
      {"layers", "int", FeasibleSpace{"8", "2", {}, "2", ""}},
      {"batch", "discrete", FeasibleSpace{"", "", {"16", "32"}, "", ""}},
      {"opt", "categorical", FeasibleSpace{"", "", {"sgd", "a,\"b\""}, "", ""}}};
  return experiment;
}

Trial Point(const std::string& name, const std::string& state, const std::string& accuracy) {
  Trial trial;
  trial.meta.name = name;
  trial.spec.objective = Search().spec.objective;
  trial.spec.parameter_assignments = {
      {"lr", "0.01"}, {"layers", "4"}, {"batch", "32"}, {"opt", "a,\"b\""}};
  trial.status.start_time = "2026-01-01T00:00:00Z";
  trial.status.conditions = {{state, "True", "", "", "", ""}};
  if (state != "Running") trial.status.completion_time = "2026-01-01T00:00:02.5Z";
  if (!accuracy.empty()) {
    trial.status.observation.metrics = {{"accuracy", "0.1", accuracy, "0.2"},
                                        {"loss", "0.3", "0.9", "0.4"}};
    trial.status.curve = {{1, "0.1"}, {2, "nan"}, {2, accuracy}, {3, "x"}};
  }
  return trial;
}

std::vector<Trial> Trials() {
  std::vector<Trial> trials = {
      Point("a", "Succeeded", "0.5"),       Point("b", "EarlyStopped", "0.4"),
      Point("c", "MetricsUnavailable", ""), Point("d", "Running", "0.7"),
      Point("e", "Succeeded", "inf"),       Point("f", "Killed", "")};
  trials[5].spec.parameter_assignments[2].value = "64";  // not in the list any more
  return trials;
}

TEST(TrialTableTest, ARowForEachTrialByStrategy) {
  EXPECT_EQ(FormatCsv(MakeTrialTable({Trials()[0], Trials()[3]})),
            "number,name,state,params.lr,params.layers,params.batch,params.opt,metrics.accuracy,"
            "metrics.loss,start,end,duration\r\n"
            "0,a,Succeeded,0.01,4,32,\"a,\"\"b\"\"\",0.5,0.3,2026-01-01T00:00:00Z,"
            "2026-01-01T00:00:02.5Z,2.5\r\n"
            "1,d,Running,0.01,4,32,\"a,\"\"b\"\"\",0.7,0.3,2026-01-01T00:00:00Z,,\r\n");
  EXPECT_EQ(FormatCsv(MakeTrialTable({})), "number,name,state,start,end,duration\r\n");
}

TEST(OptunaStudyTest, StatesValuesAndDistributionsAreOptunas) {
  const OptunaStudy study = MakeOptunaStudy(Search(), Trials());
  EXPECT_EQ(study.direction, "MAXIMIZE");
  std::string states;
  for (const OptunaTrial& trial : study.trials) states += trial.state + " ";
  EXPECT_EQ(states, "COMPLETE PRUNED FAIL RUNNING COMPLETE FAIL ");
  const OptunaTrial& first = study.trials[0];
  EXPECT_EQ(first.start, "2026-01-01 00:00:00.000000");
  EXPECT_EQ(first.end, "2026-01-01 00:00:02.500000");
  EXPECT_EQ(first.value, 0.5);
  EXPECT_EQ(first.intermediate_values,
            (std::vector<std::pair<std::int64_t, double>>{{1, 0.1}, {2, 0.5}}));
  EXPECT_EQ(first.user_attributes["metrics.loss"], "0.3");
  ASSERT_EQ(first.parameters.size(), 4u);
  EXPECT_EQ(first.parameters[0].distribution.dump(),
            R"({"attributes":{"high":0.1,"log":true,"low":0.001,"step":null},)"
            R"("name":"FloatDistribution"})");
  EXPECT_EQ(first.parameters[1].distribution.dump(),
            R"({"attributes":{"high":8,"log":false,"low":2,"step":2},"name":"IntDistribution"})");
  EXPECT_EQ(first.parameters[2].value, 1);
  EXPECT_EQ(first.parameters[2].distribution["attributes"]["choices"].dump(), "[16.0,32.0]");
  EXPECT_EQ(study.trials[5].parameters.size(), 3u);
  EXPECT_EQ(study.trials[5].user_attributes["params.batch"], "64");
}

class OptunaFileTest : public testing::Test {
 protected:
  OptunaFileTest() {
    char path[] = "/tmp/lockstep-optuna-XXXXXX";
    dir_ = mkdtemp(path);
    file_ = dir_ + "/study.db";
  }
  ~OptunaFileTest() override { std::filesystem::remove_all(dir_); }

  // Rows with | between cells and ; between rows.
  std::string Query(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    std::string text;
    const auto row = [](void* to, int columns, char** cells, char**) {
      for (int i = 0; i < columns; ++i) {
        static_cast<std::string*>(to)
            ->append(cells[i] == nullptr ? "NULL" : cells[i])
            .append(i + 1 < columns ? "|" : ";");
      }
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), row, &text, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return text;
  }

  std::string dir_;
  std::string file_;
};

TEST_F(OptunaFileTest, TheFileHasOptunasTables) {
  ASSERT_TRUE(WriteOptunaStudy(MakeOptunaStudy(Search(), Trials()), file_).ok());
  EXPECT_EQ(Query("SELECT version_num, schema_version FROM alembic_version, version_info"),
            "v3.2.0.a|12;");
  EXPECT_EQ(Query("SELECT study_name, direction, objective FROM studies JOIN study_directions "
                  "USING (study_id)"),
            "search|MAXIMIZE|0;");
  EXPECT_EQ(Query("SELECT number, state, value, value_type FROM trials LEFT JOIN trial_values "
                  "USING (trial_id) ORDER BY number"),
            "0|COMPLETE|0.5|FINITE;1|PRUNED|0.4|FINITE;2|FAIL|NULL|NULL;3|RUNNING|0.7|FINITE;"
            "4|COMPLETE|NULL|INF_POS;5|FAIL|NULL|NULL;");
  EXPECT_EQ(Query("SELECT param_name, param_value FROM trial_params WHERE trial_id = 1 "
                  "ORDER BY param_id"),
            "lr|0.01;layers|4.0;batch|1.0;opt|1.0;");
  EXPECT_EQ(Query("SELECT step, intermediate_value FROM trial_intermediate_values WHERE trial_id "
                  "= 2"),
            "1|0.1;2|0.4;");
  const Status again = WriteOptunaStudy(MakeOptunaStudy(Search(), Trials()), file_);
  EXPECT_EQ(again.kind(), StatusKind::kAlreadyExists) << again.message();
  EXPECT_FALSE(WriteOptunaStudy(OptunaStudy{}, dir_ + "/no/such/study.db").ok());
}

TEST_F(OptunaFileTest, OptunaLoadsTheStudy) {
  const char* chosen = std::getenv("LOCKSTEP_OPTUNA_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  if (std::system((python + " -c 'import optuna' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "OptunaLoadsTheStudy: " << python
                 << " has no optuna; LOCKSTEP_OPTUNA_PYTHON names one that has";
  }
  ASSERT_TRUE(WriteOptunaStudy(MakeOptunaStudy(Search(), Trials()), file_).ok());
  const std::string script =
      "import optuna; s = optuna.load_study(study_name=None, storage='sqlite:///" + file_ +
      "'); t = s.trials; print(s.study_name, s.direction.name, len(t), [x.state.name for x in t], "
      "s.best_trial.number, sorted(t[0].params.items()), t[0].intermediate_values, "
      "t[0].duration.total_seconds(), t[0].user_attrs['name'])";
  std::FILE* pipe = popen((python + " -W ignore -c \"" + script + "\"").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char text[2000] = "";
  const std::size_t size = std::fread(text, 1, sizeof text - 1, pipe);
  EXPECT_EQ(pclose(pipe), 0);
  EXPECT_EQ(std::string(text, size),
            "search MAXIMIZE 6 ['COMPLETE', 'PRUNED', 'FAIL', 'RUNNING', 'COMPLETE', 'FAIL'] 4 "
            "[('batch', 32.0), ('layers', 4), ('lr', 0.01), ('opt', 'a,\"b\"')] {1: 0.1, 2: 0.5} "
            "2.5 a\n");
}

}  // namespace
}  // namespace lockstep
