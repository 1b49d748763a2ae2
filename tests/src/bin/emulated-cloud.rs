//! Starts an emulated Huawei Cloud by hand, to try Backhaul against.

use std::path::PathBuf;
use std::process::ExitCode;

use backhaul_tests::cloud::demo;
use backhaul_tests::cloud::huawei::{Huawei, Ports, Settings};
use clap::Parser;

/// An emulated Huawei Cloud on 127.0.0.1, with two database instances and their backups.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port of the identity service.
    #[arg(long, default_value_t = 7481)]
    iam_port: u16,
    /// Port of the database service and of the controls below /_emulator/.
    #[arg(long, default_value_t = 7482)]
    rds_port: u16,
    /// Port of the object store.
    #[arg(long, default_value_t = 7483)]
    obs_port: u16,
    /// Directory with the fixtures and their manifest.json.
    #[arg(long, default_value = "tests/fixtures")]
    fixtures: PathBuf,
    /// Serve the files of this directory instead, each as one backup.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "fixtures")]
    serve: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emulated-cloud: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let cloud = Huawei::start(Settings {
        ports: Ports {
            iam: arguments.iam_port,
            rds: arguments.rds_port,
            obs: arguments.obs_port,
        },
        ..Settings::default()
    })
    .await?;
    match &arguments.serve {
        Some(directory) => demo::serve_directory(&cloud, directory)?,
        None => demo::populate(&cloud, &arguments.fixtures)?,
    }
    println!("{}", introduction(&cloud));
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn introduction(cloud: &Huawei) -> String {
    let rds = cloud.rds_url();
    format!(
        "An emulated Huawei Cloud is running; Ctrl-C stops it.\n\
         \n\
         \x20 identity service  {iam}   (user {user}, password {password}, domain {domain})\n\
         \x20 database service  {rds}   (project {project})\n\
         \x20 object store      {obs}\n\
         \n\
         \x20 export HW_AK={ak}\n\
         \x20 export HW_SK={sk}\n\
         \n\
         {account}\n\
         Let something go wrong, take it back, see what was asked, let links expire:\n\
         \n\
         \x20 curl --json '{{\"object\": {{\"reset_after\": 100000}}, \"times\": 2}}' {rds}/_emulator/fault\n\
         \x20 curl --json '{{\"api\": {{\"throttled\": {{\"retry_after\": 5}}}}, \"of\": \"backups\"}}' {rds}/_emulator/fault\n\
         \x20 curl -X DELETE {rds}/_emulator/fault\n\
         \x20 curl {rds}/_emulator/traffic\n\
         \x20 curl --json '{{\"advance_seconds\": 900}}' {rds}/_emulator/clock",
        iam = cloud.iam_url(),
        obs = cloud.obs_url(),
        user = cloud.username(),
        password = cloud.password(),
        domain = cloud.domain(),
        project = cloud.project_id(),
        ak = cloud.access_key(),
        sk = cloud.secret_key(),
        account = cloud.example_account("emulated"),
    )
}
